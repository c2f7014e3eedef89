-- What each learner has watched of each video: of every result the latest version.
select
    org,
    course_key,
    block_id,
    actor_id,
    {{ newest("intervals") }} as intervals,
    {{ newest("steps") }} as steps,
    {{ newest("watched_seconds") }} as watched_seconds,
    {{ newest("watched_total") }} as watched_total,
    {{ newest("length") }} as length
from {{ everywhere(ref("video_watching")) }} {{ one_row_for_each("org, course_key, block_id, actor_id") }}
