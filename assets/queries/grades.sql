-- The current grade of each learner who has one or has passed or failed, with the learner's enrollment. Each
-- course also has a row without a learner for every grade range, so that a range that nobody is in shows as
-- 0.
with
    graded_courses as (
        select distinct org, course_key, course_name, course_run from course_grades where true
    -- % include "course_filters"
    )
select
    org,
    course_key,
    course_name,
    course_run,
    grade_bucket,
    toNullable(actor_id) as actor_id,
    toNullable(grade_percent) as grade_percent,
    state,
    enrollment_status = 'registered' as is_enrolled
from learners
where (graded_at is not null or state != '')
-- % include "course_filters"
union all
select
    org,
    course_key,
    course_name,
    course_run,
    arrayJoin(
        ['0-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', '70-79', '80-89', '90-100']
    ) as grade_bucket,
    null as actor_id,
    null as grade_percent,
    '' as state,
    0 as is_enrolled
from graded_courses
