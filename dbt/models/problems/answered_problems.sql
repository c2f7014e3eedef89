-- How each learner did in each problem, with the first and the last response to each question. An attempt without a
-- number has the number of its place in the learner's history of the question.
-- This SQL makes the results of the learners and problems in answered_problems_taken; ./inv warehouse.refresh runs it.
-- depends_on: {{ ref("answered_problems_dirty") }}
{{
    config(
        materialized="refreshed",
        engine=replacing("version"),
        order_by="(org, course_key, block_id, actor_id)",
        table_settings=merged_within_hours(),
        made_of="rollup_responses",
    )
}}

with
    keys as (select distinct org, course_key, block_id, actor_id from {{ ref("answered_problems_taken") }}),

    states as (
        select org, course_key, block_id, actor_id, responses
        from {{ everywhere(ref("rollup_responses")) }}
        where (org, course_key, block_id, actor_id) in (select * from keys)
        union all
        select org, course_key, block_id, actor_id, responses
        from {{ ref("answered_problems_taken") }}
    ),

    histories as (
        select org, course_key, block_id, actor_id, arraySort(groupUniqArrayMerge(responses)) as responses
        from states
        group by org, course_key, block_id, actor_id
    ),

    questions as (
        select
            org,
            course_key,
            block_id,
            actor_id,
            arrayJoin(arrayDistinct(responses.question)) as question,
            arrayFilter(response -> response.question = question, responses) as in_order_of_time,
            arraySort(
                arrayMap(
                    (response, place) -> (
                        if(response.attempt = 0, toUInt32(place), response.attempt),
                        response.at,
                        response.id,
                        response.success,
                        response.response,
                        response.interaction_type
                    ),
                    in_order_of_time,
                    arrayEnumerate(in_order_of_time)
                )
            ) as in_order,
            in_order[1] as first,
            in_order[-1] as last
        from histories
    )

select
    org,
    course_key,
    block_id,
    actor_id,
    max(tupleElement(last, 1)) as attempts,
    -- It is correct when all of its questions are.
    min(tupleElement(last, 4)) as correct,
    min(tupleElement(first, 4)) as correct_first,
    groupArray(
        cast(
            (
                question,
                tupleElement(last, 6),
                tupleElement(first, 5),
                tupleElement(first, 4),
                tupleElement(first, 2),
                tupleElement(last, 5),
                tupleElement(last, 4),
                tupleElement(last, 1),
                tupleElement(last, 2)
            ),
            'Tuple(
                question LowCardinality(String), interaction_type LowCardinality(String), first_response String,
                first_success Bool, first_at DateTime64(6, \'UTC\'), last_response String, last_success Bool,
                last_attempt UInt32, last_at DateTime64(6, \'UTC\')
            )'
        )
    ) as answers,
    now64(6, 'UTC') as version
from questions
group by org, course_key, block_id, actor_id
