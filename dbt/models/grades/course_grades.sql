-- The grade that each learner has in each course. A bucket holds its lower end and not its upper one.
select
    org, course_key, course_name, course_run, actor_id, enrollment_status, grade_percent, state, grade_bucket, graded_at
from {{ ref("learners") }}
where graded_at is not null or state != ''
