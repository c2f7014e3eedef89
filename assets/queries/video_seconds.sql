-- How often each second of a video was watched, by how many, and each second that nobody watched.
with
    watched as (
        select org, course_key, block_id, second, views, unique_viewers from video_segments where true
    -- % include "block_filters"
    ),
    lengths as (
        select org, course_key, course_name, course_run, block_id, toUInt32(ceil(ifNull(length, 0))) as seconds
        from video_totals
        where true
    -- % include "block_filters"
    ),
    every_second as (
        select org, course_key, course_name, course_run, block_id, arrayJoin(range(seconds)) as second from lengths
    )
select
    every_second.org as org,
    every_second.course_key as course_key,
    every_second.course_name as course_name,
    every_second.course_run as course_run,
    every_second.block_id as block_id,
    formatDateTime(toDateTime(every_second.second, 'UTC'), '%T') as position,
    watched.unique_viewers as viewers,
    watched.views - watched.unique_viewers as repeat_views
from every_second
left join
    watched
    on every_second.course_key = watched.course_key
    and every_second.block_id = watched.block_id
    and every_second.second = watched.second
