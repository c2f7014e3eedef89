-- The tags of each course.
select org, course_key, course_name, course_run, taxonomy, tag
from course_tags
where
    true
    -- % include "course_filters"
