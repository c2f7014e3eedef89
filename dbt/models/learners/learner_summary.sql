-- Where each learner stands in each course: enrollment, last visit and grade, and whether they may
-- drop out.
with
    visits as (
        select org, course_key, actor_id, max(visited_at) as last_visited_at
        from {{ everywhere(ref("rollup_page_visits")) }}
        group by org, course_key, actor_id
    )
select
    enrollments.org as org,
    enrollments.course_key as course_key,
    enrollments.course_name as course_name,
    enrollments.course_run as course_run,
    enrollments.actor_id as actor_id,
    enrollments.enrollment_status as enrollment_status,
    enrollments.enrollment_mode as enrollment_mode,
    enrollments.enrolled_at as enrolled_at,
    -- Who has opened no page was last there to enroll.
    if(
        visits.actor_id = '', enrollments.enrolled_at, toDateTime64(visits.last_visited_at, 6, 'UTC')
    ) as last_visited_at,
    if(grades.actor_id = '', null, grades.grade_percent) as grade_percent,
    grades.grade_bucket as grade_bucket,
    grades.state as state,
    enrollments.enrollment_status = 'registered'
    and grades.state != 'passed'
    and ifNull(last_visited_at <= now('UTC') - interval 7 day, false) as at_risk
from {{ ref("enrollments") }} as enrollments
left join
    visits
    on enrollments.org = visits.org
    and enrollments.course_key = visits.course_key
    and enrollments.actor_id = visits.actor_id
left join
    {{ ref("course_grades") }} as grades
    on enrollments.org = grades.org
    and enrollments.course_key = grades.course_key
    and enrollments.actor_id = grades.actor_id
