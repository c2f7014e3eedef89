-- How many videos each learner has watched any of in each subsection where they watched any, beside how many it has
-- now.
with
    videos as (
        select
            org,
            course_key,
            block_id,
            section,
            subsection,
            section_with_name,
            subsection_with_name,
            subsection_id,
            alike_in_subsection
        from {{ ref("blocks") }}
        where block_type = 'video' and subsection_id != ''
    ),
    watched as (select org, course_key, actor_id, block_id from {{ ref("watched_videos") }} where watched_seconds > 0)
select
    watched.org as org,
    watched.course_key as course_key,
    {{ course_name("watched.course_key") }} as course_name,
    course_run(watched.course_key) as course_run,
    watched.actor_id as actor_id,
    any(videos.section_with_name) as section_with_name,
    any(videos.subsection_with_name) as subsection_with_name,
    any(videos.subsection_id) as subsection_id,
    count() as videos_viewed,
    any(videos.alike_in_subsection) as videos_total
from watched
inner join
    videos on watched.org = videos.org and watched.course_key = videos.course_key and watched.block_id = videos.block_id
group by org, course_key, actor_id, videos.section, videos.subsection
