-- What learners did, each event once.
select
    event_id,
    event_time,
    org,
    course_key,
    course_run,
    actor_id,
    kind,
    verb_id,
    object_type,
    object_id,
    block_id,
    question,
    enrollment_mode,
    score,
    state,
    success,
    attempt,
    response,
    interaction_type,
    shown,
    video_position,
    video_position_to,
    video_length,
    navigated_from,
    navigated_to,
    progress
from {{ ref("statements") }} final
where kind != 'refused'
settings do_not_merge_across_partitions_select_final = 1
