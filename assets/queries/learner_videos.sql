-- How many of the videos of each subsection the chosen learner has watched any of, beside the average of the course.
with
    places as (
        select distinct
            org,
            course_key,
            course_name,
            course_run,
            section_with_name as section,
            subsection_with_name as subsection,
            subsection_id,
            alike_in_subsection as total
        from blocks
        where block_type = 'video' and subsection_id != ''
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    engagement as (
        select course_key, subsection_id, actor_id, videos_viewed as done from video_engagement where true
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    -- % include "beside_the_course"
