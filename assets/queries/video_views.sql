-- How learners watched each video, by the current course structure.
with
    watched as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            count() as viewers,
            countIf(fully_viewed) as full_viewers,
            sum(views) as views,
            max(length) as length
        from video_views
        where true
        -- % include "course_filters"
        -- % include "learner_filters"
        group by org, course_key, course_name, course_run, block_id
    ),
    videos as (
        select course_key, block_id, block_with_location, section_with_name, subsection_with_name, position_in_course
        from blocks
        where block_type = 'video'
    -- % include "course_filters"
    )
select
    watched.org as org,
    watched.course_key as course_key,
    watched.course_name as course_name,
    watched.course_run as course_run,
    watched.block_id as block_id,
    if(videos.block_id = '', watched.block_id, videos.block_with_location) as video,
    concat(
        '<a target="_blank" href="<< settings.lms_url >>/courses/',
        encodeXMLComponent(watched.course_key),
        '/jump_to/',
        encodeXMLComponent(watched.block_id),
        '">',
        encodeXMLComponent(video),
        '</a>'
    ) as video_link,
    videos.section_with_name as section_with_name,
    videos.subsection_with_name as subsection_with_name,
    videos.position_in_course as position_in_course,
    watched.viewers as viewers,
    watched.full_viewers as full_viewers,
    watched.viewers - watched.full_viewers as partial_viewers,
    watched.views as views,
    watched.views - watched.viewers as repeat_views,
    watched.length as length
from watched
left join videos on watched.course_key = videos.course_key and watched.block_id = videos.block_id
