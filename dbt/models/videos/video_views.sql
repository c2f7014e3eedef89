-- How much of each video each learner has watched. Of a full view at least 95 % are seen, counted once.
with
    watched as (
        select org, course_key, actor_id, block_id, watched_seconds, watched_total, length, intervals
        from {{ ref("watched_videos") }}
        where watched_seconds > 0
    )
select
    watched.org as org,
    watched.course_key as course_key,
    {{ course_name_or_key("watched.course_key") }} as course_name,
    course_run(watched.course_key) as course_run,
    watched.actor_id as actor_id,
    watched.block_id as block_id,
    watched.watched_seconds as watched_seconds,
    watched.watched_total as watched_total,
    -- How often it was played and then paused, left or watched to its end.
    toUInt32(length(watched.intervals)) as views,
    watched.length as length,
    coalesce(watched.watched_seconds >= round(0.95 * watched.length, 6), false) as fully_viewed
from watched
left join {{ ref("course_names") }} as course_names on watched.course_key = course_names.course_key
