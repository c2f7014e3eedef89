-- How many enrollments and unenrollments there were on each day, a statement that came twice counted once. How many
-- learners are enrolled is another question: enrollment_changes_by_day.
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    toDate(event_time) as day,
    if(endsWith(verb_id, '/registered'), 'registered', 'unregistered') as enrollment_status,
    enrollment_mode,
    count() as events
from {{ ref("events") }}
where kind = 'enrollment' and course_key != ''
group by org, course_key, day, enrollment_status, enrollment_mode
