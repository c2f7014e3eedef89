-- What each learner has watched of each video: plays paired with what ended them, whenever either arrived.
-- This SQL makes the results of the learners and videos in video_watching_taken; ./inv warehouse.refresh runs it.
-- depends_on: {{ ref("video_watching_dirty") }}
{{
    config(
        materialized="refreshed",
        engine=replacing("version"),
        order_by="(org, course_key, block_id, actor_id)",
        table_settings=merged_within_hours(),
        made_of="rollup_videos",
    )
}}

with
    keys as (select distinct org, course_key, block_id, actor_id from {{ ref("video_watching_taken") }}),

    events as (
        select org, course_key, block_id, actor_id, event_time, event_id, action, position, length
        from {{ everywhere(ref("rollup_videos")) }}
        where (org, course_key, block_id, actor_id) in (select * from keys)
        union all
        select org, course_key, block_id, actor_id, event_time, event_id, action, position, length
        from {{ ref("video_watching_taken") }}
    ),

    -- An event that is there more than once counts once.
    events_once as (
        select
            org,
            course_key,
            block_id,
            actor_id,
            event_id,
            min((event_time, UUIDToNum(event_id), action, position, length)) as event
        from events
        group by org, course_key, block_id, actor_id, event_id
    ),

    histories as (
        select
            org,
            course_key,
            block_id,
            actor_id,
            arraySort(groupArrayIf(event, event .3 != 'loaded')) as history,
            argMaxIf(event .5, (event .1, event .2), event .5 is not null) as length
        from events_once
        group by org, course_key, block_id, actor_id
    ),

    -- The event after a play ends it, unless it is another play. A play at the end of the video starts from 0.
    -- Playing to the end may come without a position: it is the video's length.
    paired as (
        select
            *,
            arrayMap(
                (play, next) -> (
                    coalesce(if(play .4 >= coalesce(play .5, length), 0, play .4), 0),
                    coalesce(next .4, if(next .3 = 'completed', coalesce(next .5, length), 0), 0),
                    play .1,
                    play .3 = 'played' and play .4 is not null and next .3 != 'played'
                ),
                arrayPopBack(history),
                arrayPopFront(history)
            ) as pairs,
            cast(
                arrayMap(
                    pair -> (pair .1, pair .2, pair .3), arrayFilter(pair -> pair .4 and pair .2 > pair .1, pairs)
                ),
                'Array(Tuple(interval_start Float64, interval_end Float64, started_at DateTime64(6, \'UTC\')))'
            ) as intervals
        from histories
    ),

    -- The seconds where the number of views changes: +1 where an interval starts, -1 where it has ended.
    counted as (
        select
            *,
            arrayReduce(
                'sumMap',
                arrayMap(
                    second -> [toUInt32(second)],
                    arrayConcat(
                        arrayMap(each -> floor(each.interval_start), intervals),
                        arrayMap(each -> ceil(each.interval_end), intervals)
                    )
                ),
                arrayConcat(arrayMap(each -> [toInt32(1)], intervals), arrayMap(each -> [toInt32(-1)], intervals))
            ) as changes,
            arrayMap(views -> toInt32(views > 0), arrayCumSum(changes .2)) as seen
        from paired
    )

select
    org,
    course_key,
    block_id,
    actor_id,
    intervals,
    cast(
        arrayMap(
            (second, views, viewers) -> (second, views, viewers),
            changes .1,
            changes .2,
            arrayPopFront(arrayDifference(arrayPushFront(seen, toInt32(0))))
        ),
        'Array(Tuple(second UInt32, views Int32, viewers Int32))'
    ) as steps,
    round(
        arrayReduce(
            'intervalLengthSum',
            arrayMap(each -> each.interval_start, intervals),
            arrayMap(each -> each.interval_end, intervals)
        ),
        6
    ) as watched_seconds,
    round(arraySum(each -> each.interval_end - each.interval_start, intervals), 6) as watched_total,
    length,
    now64(6, 'UTC') as version
from counted
