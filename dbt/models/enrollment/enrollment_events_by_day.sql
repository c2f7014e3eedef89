-- How many enrollments and unenrollments there were on each day, a statement that came twice counted once. How many
-- learners are enrolled is another question: enrollment_changes_by_day.
with
    counted as (
        select
            org,
            course_key,
            toDate(event_time) as day,
            if(endsWith(verb_id, '/registered'), 'registered', 'unregistered') as enrollment_status,
            enrollment_mode,
            count() as events
        from {{ ref("events") }}
        where kind = 'enrollment' and course_key != ''
        group by org, course_key, day, enrollment_status, enrollment_mode
    )
select
    counted.org as org,
    counted.course_key as course_key,
    {{ course_name_or_key("counted.course_key") }} as course_name,
    course_run(counted.course_key) as course_run,
    counted.day as day,
    counted.enrollment_status as enrollment_status,
    counted.enrollment_mode as enrollment_mode,
    counted.events as events
from counted
left join {{ ref("course_names") }} as course_names on counted.course_key = course_names.course_key
