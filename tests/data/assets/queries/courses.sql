-- One row for each course that is published or has statements.
select org, course_key, course_name, course_run, self_paced, course_start, course_end, published_at
from courses
where
    true
    -- % include "course_filters"
