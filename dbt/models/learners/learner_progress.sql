-- How far each enrolled learner came: enrolled, active, attempted a graded problem, passed.
with
    attempted as (
        select distinct org, course_key, actor_id
        from {{ everywhere(ref("answered_problems")) }}
        where
            (org, course_key, block_id)
            in (select org, course_key, block_id from {{ ref("blocks") }} where block_type = 'problem' and graded)
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
    attempted.actor_id != '' as attempted_graded,
    learners.state = 'passed' as passed,
    multiIf(passed, 'passed', attempted_graded, 'attempted', is_active, 'active', 'enrolled') as furthest_step
from {{ ref("learners") }} as learners
left join
    attempted
    on learners.org = attempted.org
    and learners.course_key = attempted.course_key
    and learners.actor_id = attempted.actor_id
where learners.enrollment_status != ''
