-- How often each learner viewed pages of each subsection on each day, and the learner's first day in the dates.
select
    org,
    course_key,
    course_name,
    course_run,
    actor_id,
    day,
    section_with_name,
    subsection_with_name,
    sum(views) as views,
    min(day) over (partition by org, course_key, actor_id) as first_day
from page_views_by_day
where true
-- % include "course_filters"
-- % include "learner_filters"
-- % include "day_filter"
group by org, course_key, course_name, course_run, actor_id, day, section_with_name, subsection_with_name
