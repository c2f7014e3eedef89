-- How far each enrolled learner came, and where they were last: enrolled, active, attempted a graded problem, passed.
with
    active as (
        select org, course_key, actor_id
        from {{ everywhere(ref("rollup_activity")) }}
        group by org, course_key, actor_id
    ),
    attempted as (
        select org, course_key, actor_id
        from {{ everywhere(ref("rollup_responses")) }}
        where
            (org, course_key, block_id) in (
                select org, course_key, block_id
                from {{ ref("block_hierarchy") }}
                where block_type = 'problem' and graded
            )
        group by org, course_key, actor_id
    ),
    last_visits as (
        select org, course_key, actor_id, argMax((block_id, position), (visited_at, UUIDToNum(event_id))) as place
        from {{ everywhere(ref("rollup_page_visits")) }}
        where block_id != ''
        group by org, course_key, actor_id
    ),
    last_places as (
        select
            last_visits.org as org,
            last_visits.course_key as course_key,
            last_visits.actor_id as actor_id,
            places.section_with_name as section_with_name,
            places.subsection_with_name as subsection_with_name
        from last_visits
        inner join
            {{ ref("unit_places") }} as places
            on last_visits.org = places.org
            and last_visits.course_key = places.course_key
            and last_visits.place .1 = places.place_id
            and last_visits.place .2 = places.place_position
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
    active.actor_id != '' as is_active,
    attempted.actor_id != '' as attempted_graded,
    learners.state = 'passed' as passed,
    multiIf(passed, 'passed', attempted_graded, 'attempted', is_active, 'active', 'enrolled') as furthest_step,
    last_places.section_with_name as last_section,
    last_places.subsection_with_name as last_subsection
from {{ ref("learner_summary") }} as learners
left join
    active
    on learners.org = active.org
    and learners.course_key = active.course_key
    and learners.actor_id = active.actor_id
left join
    attempted
    on learners.org = attempted.org
    and learners.course_key = attempted.course_key
    and learners.actor_id = attempted.actor_id
left join
    last_places
    on learners.org = last_places.org
    and learners.course_key = last_places.course_key
    and learners.actor_id = last_places.actor_id
