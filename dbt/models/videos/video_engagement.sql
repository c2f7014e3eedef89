-- How many videos each learner has watched any of in each subsection where they watched any, beside how many it has
-- now.
select
    watched.org as org,
    watched.course_key as course_key,
    {{ course_name("watched.course_key") }} as course_name,
    course_run(watched.course_key) as course_run,
    watched.actor_id as actor_id,
    any(sections.place) as section_with_name,
    any(subsections.place) as subsection_with_name,
    any(subsections.place_id) as subsection_id,
    count() as videos_viewed,
    any(subsections.videos) as videos_total
from {{ ref("watched_videos") }} as watched
inner join {{ ref("blocks_by_key") }} as videos on block_key(watched.course_key, watched.block_id) = videos.block_key
inner join {{ ref("places_by_key") }} as sections on videos.section_key = sections.place_key
inner join {{ ref("places_by_key") }} as subsections on videos.subsection_key = subsections.place_key
where watched.watched_seconds > 0 and videos.block_type = 'video' and videos.in_subsection
group by org, course_key, actor_id, videos.subsection_key
