-- Statements by day, course and topic; a statement that came twice counts once. Counted by a number of the course: its
-- key is long, and there are more statements than anything else.
with
    counted as (
        select
            cityHash64(course_key) as course_number,
            any(org) as org_of_course,
            any(course_key) as key_of_course,
            toDate(event_time) as day,
            kind,
            count() as events
        from events
        where true
        -- % include "course_filters"
        -- % include "day_filter"
        group by course_number, day, kind
    )
select
    org_of_course as org,
    key_of_course as course_key,
    course_run(key_of_course) as course_run,
    day,
    multiIf(
        kind in ('problem_evaluated', 'problem_attempted', 'problem_completed', 'hint'),
        'Problems',
        kind in ('grade', 'course_result'),
        'Grades',
        kind = 'enrollment',
        'Enrollments',
        kind = 'video',
        'Videos',
        kind = 'forum',
        'Forum',
        kind = 'navigation',
        'Pages',
        'Other'
    ) as topic,
    events
from counted
