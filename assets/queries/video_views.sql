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
    )
select
    watched.org as org,
    watched.course_key as course_key,
    watched.course_name as course_name,
    watched.course_run as course_run,
    watched.block_id as block_id,
    if(videos.block_key = 0, watched.block_id, videos.block_with_location) as video,
    concat(
        '<a target="_blank" href="<< settings.lms_url >>/courses/',
        encodeXMLComponent(watched.course_key),
        '/jump_to/',
        encodeXMLComponent(watched.block_id),
        '">',
        encodeXMLComponent(video),
        '</a>'
    ) as video_link,
    dictGet('places_by_key', 'place', videos.section_key) as section_with_name,
    dictGet('places_by_key', 'place', videos.subsection_key) as subsection_with_name,
    videos.position_in_course as position_in_course,
    watched.viewers as viewers,
    watched.full_viewers as full_viewers,
    watched.viewers - watched.full_viewers as partial_viewers,
    watched.views as views,
    watched.views - watched.viewers as repeat_views,
    watched.length as length
from watched
left join blocks_by_key as videos on block_key(watched.course_key, watched.block_id) = videos.block_key
