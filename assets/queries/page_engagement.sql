-- How many learners viewed one page, and all pages, of each section and subsection.
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
            pages_viewed as done,
            pages_total as in_subsection,
            section_pages_total as in_section
        from page_engagement
        where true
    -- % include "course_filters"
    -- % include "learner_filters"
    ),
    -- % include "engagement_by_place"
