-- Where enrolled learners who have not passed, and were not seen for a week, viewed their last page.
select
    progress.org as org,
    progress.course_key as course_key,
    progress.course_name as course_name,
    progress.course_run as course_run,
    if(progress.last_subsection = '', 'No page viewed', progress.last_subsection) as place,
    count() as learners
from learner_progress as progress
where
    (course_key, actor_id) in (
        select course_key, actor_id from learners where at_risk
    -- % include "course_filters"
    )
-- % include "course_filters"
group by org, course_key, course_name, course_run, place
