-- How many of the problems of each subsection the chosen learner has attempted, beside the average of the course.
-- % set block_type = "problem"
with
    blocks_of_learners as (
        select course_key, block_id, actor_id from learner_problems where true
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    -- % include "sums_of_blocks"
    -- % include "beside_the_course"
