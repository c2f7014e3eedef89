-- How often each second of a video was watched, and by how many. Only the seconds where this changes are added up;
-- the seconds in between are as the one before them.
with
    videos as (
        select org, course_key, block_id, sumMap(steps.second, steps.views, steps.viewers) as changes
        from {{ ref("watched_videos") }}
        where notEmpty(steps)
        group by org, course_key, block_id
    ),

    -- From which second, up to which one, with how many views and viewers.
    stretches as (
        select
            org,
            course_key,
            block_id,
            arrayJoin(
                arrayFilter(
                    stretch -> stretch .3 > 0,
                    arrayZip(
                        changes .1,
                        arrayPushBack(arrayPopFront(changes .1), changes .1 [-1]),
                        arrayCumSum(changes .2),
                        arrayCumSum(changes .3)
                    )
                )
            ) as stretch
        from videos
    )
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    block_id,
    arrayJoin(range(stretch .1, stretch .2)) as second,
    toUInt64(stretch .3) as views,
    toUInt64(stretch .4) as unique_viewers
from stretches
