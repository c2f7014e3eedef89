-- The first and the last response of each learner to each question.
with
    questions as (
        select org, course_key, block_id, actor_id, arrayJoin({{ newest("answers") }}) as answer
        from {{ everywhere(ref("answered_problems")) }} {{ one_row_for_each("org, course_key, block_id, actor_id") }}
    )
select
    questions.org as org,
    questions.course_key as course_key,
    {{ course_name_or_key("questions.course_key") }} as course_name,
    course_run(questions.course_key) as course_run,
    questions.actor_id as actor_id,
    questions.block_id as block_id,
    questions.answer.question as question,
    questions.answer.interaction_type as interaction_type,
    questions.answer.first_response as first_response,
    questions.answer.first_success as first_success,
    questions.answer.first_at as first_at,
    questions.answer.last_response as last_response,
    questions.answer.last_success as last_success,
    questions.answer.last_attempt as last_attempt,
    questions.answer.last_at as last_at
from questions
left join {{ ref("course_names") }} as course_names on questions.course_key = course_names.course_key
