-- How often each second of a video was watched, and by how many. Only the seconds where this changes are read; the
-- seconds in between are as the one before them.
with
    changes as (
        select org, course_key, block_id, step.second as second, sum(step.views) as views, sum(step.viewers) as viewers
        from (select org, course_key, block_id, arrayJoin(steps) as step from {{ ref("watched_videos") }})
        group by org, course_key, block_id, second
    ),

    videos as (
        select
            org,
            course_key,
            block_id,
            arraySort(groupArray((second, views, viewers))) as steps,
            arrayMap(step -> step .1, steps) as seconds,
            arrayZip(
                seconds,
                arrayPushBack(arrayPopFront(seconds), seconds[-1]),
                arrayCumSum(arrayMap(step -> step .2, steps)),
                arrayCumSum(arrayMap(step -> step .3, steps))
            ) as stretches
        from changes
        group by org, course_key, block_id
    ),

    stretches as (
        select org, course_key, block_id, arrayJoin(arrayFilter(each -> each .3 > 0, stretches)) as stretch from videos
    ),

    seconds as (
        select
            org,
            course_key,
            block_id,
            arrayJoin(range(stretch .1, stretch .2)) as second,
            toUInt64(stretch .3) as views,
            toUInt64(stretch .4) as unique_viewers
        from stretches
    )
select
    seconds.org as org,
    seconds.course_key as course_key,
    {{ course_name_or_key("seconds.course_key") }} as course_name,
    course_run(seconds.course_key) as course_run,
    seconds.block_id as block_id,
    seconds.second as second,
    seconds.views as views,
    seconds.unique_viewers as unique_viewers
from seconds
left join {{ ref("course_names") }} as course_names on seconds.course_key = course_names.course_key
