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
    true and {{ can_view_courses() }}
    {% if filter_values("org") %} and org in {{ filter_values("org") | where_in }} {% endif %}
    {% if filter_values("course_run") %} and course_run in {{ filter_values("course_run") | where_in }} {% endif %}
    {% if filter_values("course_name") %}
        and course_key
        in (select course_key from courses where course_name in {{ filter_values("course_name") | where_in }})
    {% endif %}
    -- % include "day_filter"
