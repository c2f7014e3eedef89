-- How many learners viewed one page, and all pages, of each section and subsection.
-- % set total = "pages"
with
    done_by_learner as (
        select
            cityHash64(actor_id) as learner,
            arrayJoin([section_key, subsection_key]) as place_key,
            groupBitmap(unit_of_section) as done
        from page_views
        where true
        -- % include "course_filters"
        -- % include "learner_filters"
        group by learner, place_key
    ),
    -- % include "engagement_by_place"
