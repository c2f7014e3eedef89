-- How all learners of a course watched each video.
with
    totals as (
        select
            org,
            course_key,
            block_id,
            count() as viewers,
            countIf(fully_viewed) as full_views,
            sum(views) as views,
            sum(watched_seconds) as watched_seconds,
            sum(watched_total) as watched_total,
            maxOrNull(length) as length
        from {{ ref("video_views") }}
        group by org, course_key, block_id
    )
select
    totals.org as org,
    totals.course_key as course_key,
    {{ course_name("totals.course_key") }} as course_name,
    course_run(totals.course_key) as course_run,
    {{ of_place("place", "videos.section_key") }} as section_with_name,
    {{ of_place("place", "videos.subsection_key") }} as subsection_with_name,
    {{ of_place("place_id", "videos.subsection_key") }} as subsection_id,
    totals.block_id as block_id,
    if(videos.block_key = 0, totals.block_id, videos.block_with_location) as block_with_location,
    totals.viewers as viewers,
    totals.full_views as full_views,
    totals.viewers - totals.full_views as partial_views,
    totals.views as views,
    totals.watched_seconds as watched_seconds,
    totals.watched_total as watched_total,
    totals.length as length
from totals
left join {{ ref("blocks_by_key") }} as videos on block_key(totals.course_key, totals.block_id) = videos.block_key
