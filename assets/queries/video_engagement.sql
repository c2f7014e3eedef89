-- How many learners watched one video, and all videos, of each section and subsection.
-- % set block_type = "video"
-- % set total = "videos"
with
    blocks_of_learners as (
        select course_key, block_id, actor_id from video_views where true
    -- % include "course_filters"
    -- % include "learner_filters"
    ),
    -- % include "done_by_learner"
    -- % include "engagement_by_place"
