-- All that a learner answered to a problem, as a set: a response that comes twice is in it once. A
-- response without a number gets the number that its place in the history gives it, so the whole history
-- is needed; it is short.
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
    groupUniqArrayState(
        cast(
            (
                toString(question),
                event_time,
                UUIDToNum(event_id),
                ifNull(attempt, 0),
                ifNull(success, false),
                response,
                toString(interaction_type)
            ),
            'Tuple(
                question String, at DateTime64(6, \'UTC\'), id FixedString(16), attempt UInt32, success Bool,
                response String, interaction_type String
            )'
        )
    ) as responses
from {{ ref("statements") }}
where kind = 'problem_evaluated' and not of_all_questions and course_key != '' and block_id != ''
group by org, course_key, block_id, actor_id
