-- How much of each video the chosen learner has watched, one row a video that the course holds now.
with
    mine as (
        select
            course_key,
            block_id,
            countIf(fully_viewed) as full_views,
            countIf(not fully_viewed) as partial_views,
            sum(watched_seconds) as watched,
            sum(video_views.length) as begun
        from video_views
        where true
        -- % include "course_filters"
        -- % include "one_learner"
        group by course_key, block_id
    )
select
    videos.org as org,
    videos.course_key as course_key,
    videos.course_name as course_name,
    videos.course_run as course_run,
    videos.block_id as block_id,
    videos.block_with_location as video,
    mine.full_views as full_views,
    mine.partial_views as partial_views,
    if(ifNull(mine.begun, 0) = 0, 0, mine.watched / assumeNotNull(mine.begun)) as watched_share
from blocks as videos
left join mine on videos.course_key = mine.course_key and videos.block_id = mine.block_id
where
    videos.block_type = 'video'
    and videos.course_key in (
        select course_key from learner_keys where true
    -- % include "course_filters"
    -- % include "one_learner"
    )
