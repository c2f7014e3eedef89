-- One row for each first answer to each question: what it was, how many gave it, and how they answered in the end.
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    if(
        question = '',
        'The whole problem',
        concat('Question ', toString(toUInt32OrZero(splitByChar('_', question)[1]) - 1))
    ) as problem_part,
    if(first_response = '', 'No answer was sent', first_response) as response,
    interaction_type,
    first_success as is_correct,
    count() as learners,
    countIf(last_success) as correct_at_last
from problem_responses
where true
-- % include "block_filters"
group by org, course_key, course_name, course_run, block_id, question, first_response, interaction_type, first_success
