-- One row for each first answer to each question: what it was, how many gave it, and how they answered in the end.
with
    answers as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            question,
            interaction_type,
            first_response,
            first_success,
            last_success
        from problem_responses
        where true
    -- % include "block_filters"
    )
-- Grouped by what tells them apart, and no more: there are many.
select
    any(answers.org) as org,
    answers.course_key as course_key,
    any(answers.course_name) as course_name,
    any(answers.course_run) as course_run,
    answers.block_id as block_id,
    if(
        question = '',
        'The whole problem',
        concat('Question ', toString(toUInt32OrZero(splitByChar('_', question)[1]) - 1))
    ) as problem_part,
    if(first_response = '', 'No answer was sent', first_response) as response,
    any(answers.interaction_type) as interaction_type,
    first_success as is_correct,
    count() as learners,
    countIf(last_success) as correct_at_last
from answers
group by course_key, block_id, question, first_response, first_success
