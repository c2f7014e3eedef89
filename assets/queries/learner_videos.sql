-- How many of the videos of each subsection the chosen learner has watched any of, beside the average of the course.
-- % set block_type = "video"
with
    blocks_of_learners as (
        select course_key, block_id, actor_id from video_views where true
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    -- % include "sums_of_blocks"
    -- % include "beside_the_course"
