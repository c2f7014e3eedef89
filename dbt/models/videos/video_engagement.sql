-- How many of the videos of each subsection each learner has watched any of, beside how many it has now. Who watched
-- anything in a section has a row for each of its subsections that have videos, so the sums over a section are right.
with
    videos as (
        select org, course_key, block_id, section, subsection, section_with_name, subsection_with_name, subsection_id
        from {{ ref("blocks") }}
        where block_type = 'video' and subsection_id != ''
    ),
    -- Each video that a learner watched, as the subsection that it is in.
    viewed as (
        select
            watched.org, watched.course_key, watched.actor_id, videos.section, groupArray(videos.subsection) as places
        from
            (
                select org, course_key, actor_id, block_id from {{ ref("watched_videos") }} where watched_seconds > 0
            ) as watched
        inner join
            videos
            on watched.org = videos.org
            and watched.course_key = videos.course_key
            and watched.block_id = videos.block_id
        group by watched.org, watched.course_key, watched.actor_id, videos.section
    ),
    totals as (
        select
            org,
            course_key,
            section,
            subsection,
            any(videos.section_with_name) as section_with_name,
            any(videos.subsection_with_name) as subsection_with_name,
            any(videos.subsection_id) as subsection_id,
            count() as videos_total
        from videos
        group by org, course_key, section, subsection
    )
select
    totals.org as org,
    totals.course_key as course_key,
    {{ course_name("totals.course_key") }} as course_name,
    course_run(totals.course_key) as course_run,
    viewed.actor_id as actor_id,
    totals.section_with_name as section_with_name,
    totals.subsection_with_name as subsection_with_name,
    totals.subsection_id as subsection_id,
    countEqual(viewed.places, totals.subsection) as videos_viewed,
    totals.videos_total as videos_total
from viewed
inner join
    totals on viewed.org = totals.org and viewed.course_key = totals.course_key and viewed.section = totals.section
