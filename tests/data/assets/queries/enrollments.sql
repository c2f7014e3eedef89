-- One row for each course and learner: the enrollment as it stands now.
select org, course_key, course_name, course_run, actor_id, enrollment_status, enrollment_mode, enrolled_at
from enrollments
where
    true
    -- % include "course_filters"
