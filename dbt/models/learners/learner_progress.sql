-- How far each enrolled learner came: enrolled, active, attempted a graded problem, passed.
with
    attempted as (
        select distinct answers.org as org, answers.course_key as course_key, cityHash64(answers.actor_id) as learner
        from {{ everywhere(ref("answered_problems")) }} as answers
        inner join
            {{ ref("blocks_by_key") }} as problems
            on block_key(answers.course_key, answers.block_id) = problems.block_key
        where problems.graded
    )
select
    learners.org as org,
    learners.course_key as course_key,
    learners.course_name as course_name,
    learners.course_run as course_run,
    learners.actor_id as actor_id,
    learners.enrollment_status as enrollment_status,
    learners.enrollment_mode as enrollment_mode,
    toMonday(learners.enrolled_at) as enrolled_week,
    learners.is_active as is_active,
    attempted.learner != 0 as attempted_graded,
    learners.state = 'passed' as passed,
    multiIf(passed, 'passed', attempted_graded, 'attempted', is_active, 'active', 'enrolled') as furthest_step
from {{ ref("learners") }} as learners
left join
    attempted
    on learners.org = attempted.org
    and learners.course_key = attempted.course_key
    and cityHash64(learners.actor_id) = attempted.learner
where learners.enrollment_status != ''
