-- How chosen learners did in each problem, beside all learners of the course.
with
    results as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            attempts,
            correct,
            true
            -- % include "learner_filters"
            as is_chosen
        from learner_problems
        where true
    -- % include "course_filters"
    ),
    compared as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            countIf(is_chosen) as learners,
            countIf(is_chosen and correct) as correct_learners,
            avgOrNullIf(attempts, is_chosen and correct) as correct_attempts,
            avgOrNullIf(attempts, is_chosen and not correct) as incorrect_attempts,
            countIf(correct) / count() as correct_share_of_all,
            avgOrNullIf(attempts, correct) as correct_attempts_of_all
        from results
        group by org, course_key, course_name, course_run, block_id
        having learners > 0
    )
select
    compared.org as org,
    compared.course_key as course_key,
    compared.course_name as course_name,
    compared.course_run as course_run,
    compared.block_id as block_id,
    if(problems.block_key = 0, compared.block_id, problems.block_with_location) as problem,
    concat(
        '<a target="_blank" href="<< settings.lms_url >>/courses/',
        encodeXMLComponent(compared.course_key),
        '/jump_to/',
        encodeXMLComponent(compared.block_id),
        '">',
        encodeXMLComponent(problem),
        '</a>'
    ) as problem_link,
    problems.position_in_course as position_in_course,
    if(problems.graded, 'Graded', 'Not graded') as graded,
    compared.learners as learners,
    compared.correct_learners / compared.learners as correct_share,
    1 - correct_share as incorrect_share,
    compared.correct_share_of_all as correct_share_of_all,
    compared.correct_attempts as correct_attempts,
    compared.incorrect_attempts as incorrect_attempts,
    compared.correct_attempts_of_all as correct_attempts_of_all
from compared
left join blocks_by_key as problems on block_key(compared.course_key, compared.block_id) = problems.block_key
