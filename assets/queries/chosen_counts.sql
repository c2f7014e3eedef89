chosen_counts as (
    select course_key, count() as learners
    from learners
    where true
    -- % include "course_filters"
    -- % include "one_learner"
    group by course_key
),
