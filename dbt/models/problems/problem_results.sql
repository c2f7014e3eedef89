-- How each learner did in each problem, beside whether it counts towards the grade.
select
    results.org as org,
    results.course_key as course_key,
    results.course_name as course_name,
    results.course_run as course_run,
    results.actor_id as actor_id,
    results.block_id as block_id,
    problems.graded as graded,
    results.attempts as attempts,
    results.correct as correct,
    results.correct_first as correct_first
from {{ ref("learner_problems") }} as results
left join {{ ref("blocks_by_key") }} as problems on block_key(results.course_key, results.block_id) = problems.block_key
