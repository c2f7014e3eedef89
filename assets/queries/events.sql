-- Statements by day, course and topic; a statement that came twice counts once.
select
    org,
    course_key,
    course_run,
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
from events_by_day
where
    true
    -- % include "course_filters"
    -- % include "day_filter"
