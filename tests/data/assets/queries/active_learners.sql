-- One row for each day, course and learner who was active there on that day.
select org, course_key, course_name, course_run, day, actor_id
from active_learners_by_day
where
    true
    -- % include "course_filters"
    -- % include "day_filter"
