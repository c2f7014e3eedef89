-- How each learner did in each problem: it is correct when all of its questions are.
with
    results as (
        select
            org,
            course_key,
            course_name,
            course_run,
            actor_id,
            block_id,
            max(last_attempt) as attempts,
            min(last_success) as correct,
            min(first_success) as correct_first
        from {{ ref("problem_responses") }}
        group by org, course_key, course_name, course_run, actor_id, block_id
    ),
    problems as (
        select org, course_key, block_id, graded from {{ ref("block_hierarchy") }} where block_type = 'problem'
    )
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
from results
left join
    problems
    on results.org = problems.org
    and results.course_key = problems.course_key
    and results.block_id = problems.block_id
