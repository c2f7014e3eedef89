-- Each view of a page, and the learner's first day in the dates.
select
    org,
    course_key,
    course_name,
    course_run,
    actor_id,
    day,
    section_with_name,
    subsection_with_name,
    min(day) over (partition by course_key, actor_id) as first_day
from page_views
where
    true
    -- % include "course_filters"
    -- % include "learner_filters"
    -- % include "day_filter"
