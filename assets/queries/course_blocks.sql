-- The subsections, problems and videos of each course.
select org, course_key, course_name, course_run, block_id, block_type, block_with_location
from blocks
where
    block_type in ('sequential', 'problem', 'video')
    -- % include "course_filters"
    -- % include "block_filters"
