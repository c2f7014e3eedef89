-- The first and the last response of each learner to each question. An attempt without a number has the
-- number of its place in the learner's history of the question.
with
    histories as (
        select org, course_key, block_id, actor_id, arraySort(groupUniqArrayMerge(responses)) as responses
        from {{ everywhere(ref("rollup_responses")) }}
        group by org, course_key, block_id, actor_id
    ),
    questions as (
        select
            org,
            course_key,
            block_id,
            actor_id,
            arrayDistinct(responses.question) as all_questions,
            -- A problem of several questions also says how it went as a whole, which is no question.
            arrayJoin(
                if(length(all_questions) > 1, arrayFilter(name -> name != '', all_questions), all_questions)
            ) as question,
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
    questions.org as org,
    questions.course_key as course_key,
    {{ course_name_or_key("questions.course_key") }} as course_name,
    course_run(questions.course_key) as course_run,
    questions.actor_id as actor_id,
    questions.block_id as block_id,
    questions.question as question,
    tupleElement(questions.last, 6) as interaction_type,
    tupleElement(questions.first, 5) as first_response,
    tupleElement(questions.first, 4) as first_success,
    tupleElement(questions.first, 2) as first_at,
    tupleElement(questions.last, 5) as last_response,
    tupleElement(questions.last, 4) as last_success,
    tupleElement(questions.last, 1) as last_attempt,
    tupleElement(questions.last, 2) as last_at
from questions
left join {{ ref("course_names") }} as course_names on questions.course_key = course_names.course_key
