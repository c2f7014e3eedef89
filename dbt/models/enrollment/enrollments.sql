-- Where each learner stands in each course: status and mode of the latest enrollment statement.
select org, course_key, course_name, course_run, actor_id, enrollment_status, enrollment_mode, enrolled_at
from {{ ref("learners") }}
where enrollment_status != ''
