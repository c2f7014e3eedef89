-- Where each learner who ever enrolled stands in each course: enrollment, last visit and grade, and whether they may
-- drop out.
select
    org,
    course_key,
    course_name,
    course_run,
    actor_id,
    enrollment_status,
    enrollment_mode,
    enrolled_at,
    last_visited_at,
    grade_percent,
    grade_bucket,
    state,
    at_risk
from {{ ref("learners") }}
where enrollment_status != ''
