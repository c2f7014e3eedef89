-- How often each second of each video was watched, and by how many learners.
with
    seconds as (
        select org, course_key, course_name, course_run, block_id, second, views, unique_viewers
        from video_segments
        where true
    -- % include "course_filters"
    -- % include "video_filter"
    )
select
    seconds.org as org,
    seconds.course_key as course_key,
    seconds.course_name as course_name,
    seconds.course_run as course_run,
    seconds.block_id as block_id,
    if(videos.block_key = 0, seconds.block_id, videos.block_with_location) as video,
    seconds.second as second,
    seconds.unique_viewers as unique_viewers,
    seconds.views as views,
    seconds.views - seconds.unique_viewers as repeat_views
from seconds
left join blocks_by_key as videos on block_key(seconds.course_key, seconds.block_id) = videos.block_key
