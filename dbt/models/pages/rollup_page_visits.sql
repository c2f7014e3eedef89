-- When each learner was at which place: at a position of a sequence, or at a block that a link names.
-- Which unit that is depends on the course's latest publish, so it is found out when a chart is read.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, actor_id, block_id, position)",
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
    block_id,
    -- 0 where there is none: positions count from 1.
    if(
        block_type(block_id) = 'sequential' and reached_position between 1 and 65535,
        toUInt16(assumeNotNull(reached_position)),
        toUInt16(0)
    ) as position,
    minSimpleState(event_time) as first_visited_at,
    maxSimpleState(event_time) as last_visited_at
from visits
group by org, course_key, actor_id, block_id, position
