-- Each stretch of a video that a learner watched without a break.
with arrayJoin(intervals) as stretch
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    actor_id,
    block_id,
    tupleElement(stretch, 'interval_start') as interval_start,
    tupleElement(stretch, 'interval_end') as interval_end,
    tupleElement(stretch, 'started_at') as started_at
from {{ ref("watched_videos") }}
