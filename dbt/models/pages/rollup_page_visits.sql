-- When each learner was at which place: at a position of a sequence, or at a block that a link names.
-- Which unit that is depends on the course's latest publish, so it is found out when a chart is read.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, actor_id, block_id, position, visited_at, event_id)",
        table_settings="default_compression_codec = 'ZSTD(1)', index_granularity = 1024",
    )
}}

with
    visits as (
        select
            org,
            course_key,
            actor_id,
            block_id,
            event_time,
            event_id,
            toFloat64OrNull(navigated_from) as left_position,
            multiIf(
                navigated_to = 'next unit',
                left_position + 1,
                navigated_to = 'previous unit',
                left_position - 1,
                toFloat64OrNull(navigated_to)
            ) as reached_position
        from {{ ref("statements") }}
        where kind = 'navigation' and course_key != ''
    )
select
    org,
    course_key,
    actor_id,
    toLowCardinality(block_id) as block_id,
    -- 0 where there is none: positions count from 1.
    if(
        block_type(block_id) = 'sequential' and reached_position between 1 and 65535,
        toUInt16(assumeNotNull(reached_position)),
        toUInt16(0)
    ) as position,
    event_time as visited_at,
    event_id
from visits
