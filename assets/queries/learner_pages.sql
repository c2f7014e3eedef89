-- How many of the pages of each subsection the chosen learner has viewed, beside the average of the course.
-- % set block_type = "vertical"
with
    -- A page counts once, however often a learner viewed it.
    sums as (
        select
            subsection_key,
            uniqExactIf(
                cityHash64(actor_id, unit_of_section), true
            -- % include "one_learner"
            ) as done,
            uniqExact(cityHash64(actor_id, unit_of_section)) as course_done,
            uniqExactState(cityHash64(actor_id)) as active_there
        from page_views
        where true
        -- % include "course_filters"
        -- % include "courses_of_learner"
        group by subsection_key
    ),
    -- % include "beside_the_course"
