-- What learners did with videos, narrow and by video and learner: what watched intervals are made of.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, block_id, actor_id, event_time, event_id)",
        table_settings=merged_within_hours(),
        codecs={"event_time": "Delta, ZSTD(1)"},
    )
}}

select
    org,
    course_key,
    toLowCardinality(block_id) as block_id,
    actor_id,
    event_time,
    event_id,
    toLowCardinality(
        transform(
            substring(verb_id, length(verb_id) - position(reverse(verb_id), '/') + 2),
            ['initialized', 'played', 'paused', 'seeked', 'terminated', 'completed'],
            ['loaded', 'played', 'ended', 'ended', 'ended', 'completed'],
            ''
        )
    ) as action,
    {{ seconds_or_null("video_position") }} as position,
    {{ seconds_or_null("video_length") }} as length
from {{ ref("statements") }}
where kind = 'video' and course_key != '' and block_id != '' and action != ''
