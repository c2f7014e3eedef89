-- How many learners attempted one problem, and all problems, of each section and subsection.
with
    learners as (
        select
            org,
            course_key,
            course_name,
            course_run,
            actor_id,
            section_with_name,
            subsection_with_name,
            problems_attempted as done,
            subsection_problems_total as in_subsection,
            section_problems_total as in_section
        from problem_engagement
        where true
    -- % include "course_filters"
    -- % include "learner_filters"
    ),
    -- % include "engagement_by_place"
