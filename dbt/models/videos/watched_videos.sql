-- What each learner has watched of each video: of every result the latest version.
select org, course_key, block_id, actor_id, intervals, steps, watched_seconds, watched_total, length
from {{ everywhere(ref("video_watching")) }} final
