-- One row for each video that anybody watched: how many learners, and how often beyond the first time.
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    block_with_location as video,
    toUInt64(viewers) as viewers,
    toInt64(views) - toInt64(viewers) as repeat_views
from video_totals
where
    true
    -- % include "block_filters"
