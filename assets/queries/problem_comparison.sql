-- How chosen learners did in each problem, beside all learners of the course.
with
    chosen as (
        select
            org,
            course_key,
            block_id,
            count() as learners,
            countIf(correct) as correct_learners,
            avgOrNullIf(attempts, correct) as correct_attempts,
            avgOrNullIf(attempts, not correct) as incorrect_attempts
        from problem_results
        where true
        -- % include "course_filters"
        -- % include "learner_filters"
        group by org, course_key, block_id
    ),
    everyone as (
        select
            org,
            course_key,
            block_id,
            count() as learners,
            countIf(correct) as correct_learners,
            avgOrNullIf(attempts, correct) as correct_attempts
        from problem_results
        where true
        -- % include "course_filters"
        group by org, course_key, block_id
    ),
    problems as (
        select course_key, course_name, course_run, block_id, graded, block_with_location, position_in_course
        from blocks
        where block_type = 'problem'
    -- % include "course_filters"
    )
select
    chosen.org as org,
    chosen.course_key as course_key,
    problems.course_name as course_name,
    problems.course_run as course_run,
    chosen.block_id as block_id,
    if(problems.block_id = '', chosen.block_id, problems.block_with_location) as problem,
    concat(
        '<a target="_blank" href="<< settings.lms_url >>/courses/',
        encodeXMLComponent(chosen.course_key),
        '/jump_to/',
        encodeXMLComponent(chosen.block_id),
        '">',
        encodeXMLComponent(problem),
        '</a>'
    ) as problem_link,
    problems.position_in_course as position_in_course,
    if(problems.graded, 'Graded', 'Not graded') as graded,
    chosen.learners as learners,
    chosen.correct_learners / chosen.learners as correct_share,
    1 - correct_share as incorrect_share,
    everyone.correct_learners / everyone.learners as correct_share_of_all,
    chosen.correct_attempts as correct_attempts,
    chosen.incorrect_attempts as incorrect_attempts,
    everyone.correct_attempts as correct_attempts_of_all
from chosen
inner join everyone on chosen.course_key = everyone.course_key and chosen.block_id = everyone.block_id
left join problems on chosen.course_key = problems.course_key and chosen.block_id = problems.block_id
