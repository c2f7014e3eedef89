-- How many learners attempted one problem, and all problems, of each section and subsection.
-- % set block_type = "problem"
-- % set total = "problems"
with
    blocks_of_learners as (
        select course_key, block_id, actor_id from learner_problems where true
    -- % include "course_filters"
    -- % include "learner_filters"
    ),
    -- % include "done_by_learner"
    -- % include "engagement_by_place"
