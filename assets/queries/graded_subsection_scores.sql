-- How well learners do in each graded subsection.
select
    org,
    course_key,
    course_name,
    course_run,
    subsection_with_name as subsection,
    count() as learners_with_score,
    avg(score_percent) as average_score
from subsection_grades
where graded and {{ can_view_courses() }}
-- % include "course_key_filter"
group by org, course_key, course_name, course_run, subsection
