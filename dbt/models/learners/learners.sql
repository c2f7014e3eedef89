-- Where each learner stands in each course that there is a statement of theirs about. Whoever needs only those who
-- enrolled, or only those who have a grade, chooses them. In one step: charts plan this, and each step costs them.
with
    {{ merged("enrollment") }} as last_enrollment,
    {{ merged("last_registered_at") }} as registered_at,
    {{ merged("last_visited_at") }} as visited_at,
    {{ merged("page") }} as last_page,
    {{ merged("grade") }} as last_grade,
    {{ merged("result") }} as last_result,
    {{ merged("is_active") }} as was_active,
    {{ happened("last_grade") }} as is_graded
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    actor_id,
    multiIf(
        not ({{ happened("last_enrollment") }}), '', last_enrollment.registered, 'registered', 'unregistered'
    ) as enrollment_status,
    last_enrollment.mode as enrollment_mode,
    nullIf(registered_at, toDateTime64(0, 6, 'UTC')) as enrolled_at,
    -- Who has opened no page was last there to enroll.
    coalesce(nullIf(visited_at, toDateTime64(0, 6, 'UTC')), enrolled_at) as last_visited_at,
    last_page.block_id as last_place_id,
    last_page.position as last_place_position,
    if(is_graded, {{ percent_of("last_grade.score") }}, null) as grade_percent,
    if(is_graded, {{ ten_percent("assumeNotNull(grade_percent)") }}, '') as grade_bucket,
    if(is_graded, last_grade.at, null) as graded_at,
    last_result.state as state,
    was_active as is_active,
    {{ is_at_risk() }} as at_risk
from {{ everywhere(ref("rollup_learners")) }} {{ one_row_for_each("org, course_key, actor_id") }}
