-- Where each learner stands in each course that there is a statement of theirs about. Whoever needs only those who
-- enrolled, or only those who have a grade, chooses them.
with
    kept as (
        select
            org,
            course_key,
            actor_id,
            {{ merged("enrollment") }} as last_enrollment,
            {{ merged("last_registered_at") }} as registered_at,
            {{ merged("last_visited_at") }} as visited_at_last,
            {{ merged("page") }} as last_page,
            {{ merged("grade") }} as last_grade,
            {{ merged("result") }} as last_result,
            {{ merged("is_active") }} as was_active
        from {{ everywhere(ref("rollup_learners")) }} {{ one_row_for_each("org, course_key, actor_id") }}
    ),
    standing as (
        select
            org,
            course_key,
            actor_id,
            multiIf(
                not ({{ happened("last_enrollment") }}), '', last_enrollment.registered, 'registered', 'unregistered'
            ) as enrollment_status,
            last_enrollment.mode as enrollment_mode,
            nullIf(registered_at, toDateTime64(0, 6, 'UTC')) as enrolled_at,
            nullIf(visited_at_last, toDateTime64(0, 6, 'UTC')) as visited_at,
            last_page.block_id as last_place_id,
            last_page.position as last_place_position,
            {{ happened("last_grade") }} as is_graded,
            if(is_graded, greatest(0, least(100, 100 * last_grade.score)), null) as grade_percent,
            if(is_graded, {{ ten_percent("assumeNotNull(grade_percent)") }}, '') as grade_bucket,
            if(is_graded, last_grade.at, null) as graded_at,
            last_result.state as state,
            was_active as is_active
        from kept
    )
select
    standing.org as org,
    standing.course_key as course_key,
    {{ course_name_or_key("standing.course_key") }} as course_name,
    course_run(standing.course_key) as course_run,
    standing.actor_id as actor_id,
    standing.enrollment_status as enrollment_status,
    standing.enrollment_mode as enrollment_mode,
    standing.enrolled_at as enrolled_at,
    -- Who has opened no page was last there to enroll.
    coalesce(standing.visited_at, standing.enrolled_at) as last_visited_at,
    standing.last_place_id as last_place_id,
    standing.last_place_position as last_place_position,
    standing.grade_percent as grade_percent,
    standing.grade_bucket as grade_bucket,
    standing.graded_at as graded_at,
    standing.state as state,
    standing.is_active as is_active,
    standing.enrollment_status = 'registered'
    and standing.state != 'passed'
    and ifNull(last_visited_at <= now('UTC') - interval 7 day, false) as at_risk
from standing
left join {{ ref("course_names") }} as course_names on standing.course_key = course_names.course_key
