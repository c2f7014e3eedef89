-- The courses beside each other: who is enrolled, active and at risk, and how well they do.
select
    org,
    course_key,
    course_name,
    course_run,
    enrollees,
    active_last_7_days,
    passed,
    at_risk,
    average_grade / 100 as average_grade,
    median_grade / 100 as median_grade,
    tags
from course_comparison
where
    true
    -- % include "course_filters"
