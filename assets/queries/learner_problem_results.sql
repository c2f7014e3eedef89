-- How the chosen learner did in each problem that anybody answered, beside all learners of the course.
with
    mine as (
        select
            course_key,
            block_id,
            count() as learners,
            countIf(correct) as correct_learners,
            avg(if(correct, attempts, 0)) as correct_attempts,
            avg(if(correct, 0, attempts)) as incorrect_attempts
        from learner_problems
        where true
        -- % include "course_filters"
        -- % include "one_learner"
        group by course_key, block_id
    )
select
    everybody.org as org,
    everybody.course_key as course_key,
    everybody.course_name as course_name,
    everybody.course_run as course_run,
    everybody.block_id as block_id,
    everybody.block_with_location as problem,
    if(everybody.graded != 0, 'Graded', 'Not graded') as graded,
    everybody.correct / everybody.learners as course_correct,
    everybody.average_correct_attempts as course_correct_attempts,
    everybody.average_incorrect_attempts as course_incorrect_attempts,
    if(mine.learners = 0, null, mine.correct_learners / mine.learners) as learner_correct,
    1 - learner_correct as learner_incorrect,
    if(mine.learners = 0, null, mine.correct_attempts) as correct_attempts,
    if(mine.learners = 0, null, mine.incorrect_attempts) as incorrect_attempts
from problem_totals as everybody
left join mine on everybody.course_key = mine.course_key and everybody.block_id = mine.block_id
where
    everybody.course_key in (
        select course_key from learner_keys where true
    -- % include "course_filters"
    -- % include "one_learner"
    )
