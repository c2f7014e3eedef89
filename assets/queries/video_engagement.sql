-- How many learners watched one video, and all videos, of each section and subsection.
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
            videos_viewed as done,
            videos_total as in_subsection,
            section_videos_total as in_section
        from video_engagement
        where true
    -- % include "course_filters"
    -- % include "learner_filters"
    ),
    -- % include "engagement_by_place"
