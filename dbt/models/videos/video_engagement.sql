-- How many of the videos of each subsection a learner has watched any of, against those that the course holds now.
with
    videos as (
        select org, course_key, block_id, subsection_id, section_with_name, subsection_with_name
        from {{ ref("block_hierarchy") }}
        where block_type = 'video'
    ),

    subsections as (
        select org, course_key, subsection_id, section_with_name, subsection_with_name, count() as videos_total
        from videos
        group by org, course_key, subsection_id, section_with_name, subsection_with_name
    ),

    viewed as (
        select watched.org, watched.course_key, watched.actor_id, videos.subsection_id, count() as videos_viewed
        from
            (
                select org, course_key, actor_id, block_id from {{ ref("watched_videos") }} where watched_seconds > 0
            ) as watched
        inner join videos on watched.course_key = videos.course_key and watched.block_id = videos.block_id
        group by watched.org, watched.course_key, watched.actor_id, videos.subsection_id
    )
select
    viewed.org as org,
    viewed.course_key as course_key,
    {{ course_name_or_key("viewed.course_key") }} as course_name,
    course_run(viewed.course_key) as course_run,
    viewed.actor_id as actor_id,
    subsections.section_with_name as section_with_name,
    subsections.subsection_with_name as subsection_with_name,
    viewed.subsection_id as subsection_id,
    viewed.videos_viewed as videos_viewed,
    subsections.videos_total as videos_total
from viewed
inner join
    subsections on viewed.course_key = subsections.course_key and viewed.subsection_id = subsections.subsection_id
left join {{ ref("course_names") }} as course_names on viewed.course_key = course_names.course_key
