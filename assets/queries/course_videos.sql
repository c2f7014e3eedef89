-- One row for each course run: its videos, and how much of them was watched.
with
    held as (
        select org, course_key, course_name, course_run, count() as videos
        from blocks
        where block_type = 'video'
        -- % include "course_filters"
        group by org, course_key, course_name, course_run
    ),
    totals as (
        select
            course_key,
            count() as videos_watched,
            sum(video_totals.length) as length,
            countIf(video_totals.length is not null) as videos_of_known_length,
            sum(watched_seconds) as seen,
            sum(watched_total - watched_seconds) as seen_again,
            sum(viewers * video_totals.length) as begun
        from video_totals
        where true
        -- % include "course_filters"
        group by course_key
    )
select
    held.org as org,
    held.course_key as course_key,
    held.course_name as course_name,
    held.course_run as course_run,
    concat(held.course_name, ' (', held.org, ')') as course,
    concat(held.course_name, ', ', held.course_run, ' (', held.org, ')') as run,
    held.videos as videos,
    totals.videos_watched as videos_watched,
    totals.videos_of_known_length as videos_of_known_length,
    ifNull(totals.length, 0) as length,
    totals.seen as seen,
    totals.seen_again as seen_again,
    ifNull(totals.begun, 0) as begun
from held
left join totals on held.course_key = totals.course_key
