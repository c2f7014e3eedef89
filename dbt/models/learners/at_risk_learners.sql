-- Who may drop out: currently enrolled, not passed, and not seen for a week.
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
    state
from {{ ref("learners") }}
where at_risk
