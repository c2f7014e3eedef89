-- The last enrollment statement of each learner, course and day.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, actor_id, day)",
        table_settings="default_compression_codec = 'ZSTD(1)', index_granularity = 1024",
    )
}}

select
    org,
    course_key,
    actor_id,
    toDate(event_time) as day,
    argMaxState(
        cast((endsWith(verb_id, '/registered'), enrollment_mode), 'Tuple(registered Bool, mode String)'),
        {{ history_order() }}
    ) as last_statement,
    maxSimpleState(if(endsWith(verb_id, '/registered'), event_time, toDateTime64(0, 6, 'UTC'))) as last_registered_at
from {{ ref("statements") }}
where kind = 'enrollment' and course_key != ''
group by org, course_key, actor_id, day
