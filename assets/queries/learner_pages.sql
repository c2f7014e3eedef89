-- How many of the pages of each subsection the chosen learner has viewed, beside the average of the course.
-- % set block_type = "vertical"
with
    -- A page counts once, however often the learner viewed it.
    done_by_learners as (
        select distinct
            subsection_key,
            unit_of_section,
            cityHash64(actor_id) as learner,
            true
            -- % include "one_learner"
            as is_chosen
        from page_views
        where true
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    -- % include "beside_the_course"
