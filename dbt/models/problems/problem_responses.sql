-- The first and the last response of each learner to each question.
with arrayJoin({{ newest("answers") }}) as answer
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    actor_id,
    block_id,
    tupleElement(answer, 'question') as question,
    tupleElement(answer, 'interaction_type') as interaction_type,
    tupleElement(answer, 'first_response') as first_response,
    tupleElement(answer, 'first_success') as first_success,
    tupleElement(answer, 'first_at') as first_at,
    tupleElement(answer, 'last_response') as last_response,
    tupleElement(answer, 'last_success') as last_success,
    tupleElement(answer, 'last_attempt') as last_attempt,
    tupleElement(answer, 'last_at') as last_at
from {{ everywhere(ref("answered_problems")) }} {{ one_row_for_each("org, course_key, block_id, actor_id") }}
