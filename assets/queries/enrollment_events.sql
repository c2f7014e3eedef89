-- Enrollments and departures by day; a statement that came twice counts once.
select
    org,
    course_key,
    course_name,
    course_run,
    day,
    if(enrollment_status = 'registered', 'Enrolled', 'Left') as change,
    enrollment_mode,
    events
from enrollment_events_by_day
where
    true
    -- % include "course_filters"
    -- % include "day_filter"
