-- How each learner did in each problem, beside whether it counts towards the grade.
with problems as (select org, course_key, block_id, graded from {{ ref("blocks") }} where block_type = 'problem')
select
    results.org as org,
    results.course_key as course_key,
    {{ course_name("results.course_key") }} as course_name,
    course_run(results.course_key) as course_run,
    results.actor_id as actor_id,
    results.block_id as block_id,
    problems.graded as graded,
    results.attempts as attempts,
    results.correct as correct,
    results.correct_first as correct_first
from {{ ref("learner_problems") }} as results
left join
    problems
    on results.org = problems.org
    and results.course_key = problems.course_key
    and results.block_id = problems.block_id
