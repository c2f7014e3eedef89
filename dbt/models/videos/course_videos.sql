-- The courses beside each other: how many videos they have, and how much of them is watched.
with
    published as (
        select org, course_key, count() as videos
        from {{ ref("blocks") }}
        where block_type = 'video'
        group by org, course_key
    ),
    watched as (
        select
            org,
            course_key,
            count() as videos_watched,
            avgOrNull(length) as average_length,
            sum(watched_seconds) as watched_seconds,
            sum(watched_total) as watched_total,
            sum(viewers * length) as shown_seconds
        from {{ ref("video_totals") }}
        group by org, course_key
    )
select
    courses.org as org,
    courses.course_key as course_key,
    courses.course_name as course_name,
    courses.course_run as course_run,
    published.videos as videos,
    watched.videos_watched as videos_watched,
    watched.average_length as average_length,
    if(watched.shown_seconds > 0, 100 * watched.watched_seconds / watched.shown_seconds, null) as watched_percent,
    if(
        watched.watched_seconds > 0,
        100 * (watched.watched_total - watched.watched_seconds) / watched.watched_seconds,
        null
    ) as rewatched_percent
from {{ ref("courses") }} as courses
left join published on courses.org = published.org and courses.course_key = published.course_key
left join watched on courses.org = watched.org and courses.course_key = watched.course_key
