-- How often chosen learners watched each second of each video. Only the seconds where this changes are added up; the
-- seconds in between are as the one before them.
with
    watched as (
        select
            org,
            course_key,
            block_id,
            sumMap(tupleElement(steps, 1), tupleElement(steps, 2), tupleElement(steps, 3)) as changes
        from watched_videos
        where notEmpty(steps)
        -- % include "course_filters"
        -- % include "learner_filters"
        -- % include "block_filters"
        group by org, course_key, block_id
    ),
    -- From which second, up to which one, with how many views and viewers.
    stretches as (
        select
            org,
            course_key,
            block_id,
            arrayJoin(
                arrayZip(
                    changes .1,
                    arrayPushBack(arrayPopFront(changes .1), changes .1 [-1]),
                    arrayCumSum(changes .2),
                    arrayCumSum(changes .3)
                )
            ) as stretch
        from watched
    )
select
    stretches.org as org,
    stretches.course_key as course_key,
    dictGet('course_names', 'course_name', stretches.course_key) as course_name,
    course_run(stretches.course_key) as course_run,
    stretches.block_id as block_id,
    if(videos.block_key = 0, stretches.block_id, videos.block_with_location) as video,
    arrayJoin(range(stretch .1, stretch .2)) as second,
    toUInt64(stretch .4) as unique_viewers,
    toUInt64(stretch .3) as views,
    toInt64(stretch .3) - toInt64(stretch .4) as repeat_views
from stretches
left join blocks_by_key as videos on block_key(stretches.course_key, stretches.block_id) = videos.block_key
where stretch .3 > 0
