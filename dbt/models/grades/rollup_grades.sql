-- The latest grade of each learner in each course and in each subsection, and the latest word on whether
-- they passed the course. A course's own grade has no block.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, block_id, actor_id)",
        table_settings="default_compression_codec = 'ZSTD(1)', index_granularity = 1024",
    )
}}

select
    org,
    course_key,
    block_id,
    actor_id,
    argMaxStateIf(
        cast((assumeNotNull(score), event_time), 'Tuple(score Float64, graded_at DateTime64(6, \'UTC\'))'),
        {{ history_order() }},
        kind = 'grade' and score is not null
    ) as last_grade,
    argMaxStateIf(toString(state), {{ history_order() }}, state != '') as last_state
from {{ ref("statements") }}
where kind in ('grade', 'course_result') and course_key != ''
group by org, course_key, block_id, actor_id
