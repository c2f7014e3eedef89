-- Each stretch of a video that a learner watched without a break.
with
    intervals as (
        select org, course_key, block_id, actor_id, arrayJoin(intervals) as each from {{ ref("watched_videos") }}
    )
select
    intervals.org as org,
    intervals.course_key as course_key,
    {{ course_name_or_key("intervals.course_key") }} as course_name,
    course_run(intervals.course_key) as course_run,
    intervals.actor_id as actor_id,
    intervals.block_id as block_id,
    intervals.each.interval_start as interval_start,
    intervals.each.interval_end as interval_end,
    intervals.each.started_at as started_at
from intervals
left join {{ ref("course_names") }} as course_names on intervals.course_key = course_names.course_key
