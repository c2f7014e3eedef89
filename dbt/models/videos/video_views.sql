-- How much of each video each learner has watched. Of a full view at least 95 % are seen, counted once.
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    actor_id,
    block_id,
    watched_seconds,
    watched_total,
    -- How often it was played and then paused, left or watched to its end.
    toUInt32(length(intervals)) as views,
    length,
    coalesce(watched_seconds >= round(0.95 * length, 6), false) as fully_viewed
from {{ ref("watched_videos") }}
where watched_seconds > 0
