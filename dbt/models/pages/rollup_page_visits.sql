-- When each learner was at which place: at a position of a sequence, or at a block that a link names.
-- Which unit that is depends on the course's latest publish, so it is found out when a chart is read.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, actor_id, block_id, position, visited_at, event_id)",
        table_settings=merged_within_hours(),
        codecs={"visited_at": "Delta, ZSTD(1)"},
    )
}}

select
    org,
    course_key,
    actor_id,
    toLowCardinality(block_id) as block_id,
    {{ reached_position() }} as position,
    event_time as visited_at,
    event_id
from {{ ref("statements") }}
where kind = 'navigation' and course_key != ''
