-- The latest grade of each learner in each part of a course. That of the course is in rollup_learners.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, block_id, actor_id)",
        table_settings=merged_within_hours(),
    )
}}

select
    org,
    course_key,
    toLowCardinality(block_id) as block_id,
    actor_id,
    {{ latest("assumeNotNull(score)", "score Float64", "score is not null") }} as grade
from {{ ref("statements") }}
where kind = 'grade' and course_key != '' and block_id != ''
group by org, course_key, block_id, actor_id
