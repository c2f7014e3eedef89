-- One row for each course run: learners, grades, and problems answered. What a course as a whole has adds up from its
-- runs; its grades are kept one by one, so that means and medians over several runs are exact.
select
    org,
    course_key,
    course_name,
    course_run,
    concat(course_name, ' (', org, ')') as course,
    concat(course_name, ', ', course_run, ' (', org, ')') as run,
    if(tags = '', 'No tags', tags) as tags,
    toUInt64(enrollees) as enrollees,
    toUInt64(active_last_7_days) as active_last_7_days,
    toUInt64(passed) as passed,
    toUInt64(at_risk) as at_risk,
    grades,
    answered,
    correct_at_first
from course_comparison
where
    true
    -- % include "course_filters"
