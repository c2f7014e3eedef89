-- How often the chosen learner watched each second of the chosen videos.
with
    intervals as (
        select org, course_key, course_name, course_run, actor_id, block_id, interval_start, interval_end
        from video_intervals
        where
            true
            -- % include "course_filters"
            -- % include "one_learner"
            {% if filter_values("video") %}
                and (course_key, block_id) in (
                    select course_key, block_id
                    from blocks
                    where
                        block_type = 'video'
                        and block_with_location in {{ filter_values("video", remove_filter=True) | where_in }}
                )
            {% endif %}
    ),
    seconds as (
        select
            org,
            course_key,
            course_name,
            course_run,
            actor_id,
            block_id,
            arrayJoin(range(toUInt32(floor(interval_start)), toUInt32(ceil(interval_end)))) as second,
            count() as views
        from intervals
        group by org, course_key, course_name, course_run, actor_id, block_id, second
    )
select
    org,
    course_key,
    course_name,
    course_run,
    formatDateTime(toDateTime(second, 'UTC'), '%T') as position,
    count() as first_views,
    toUInt64(sum(views) - count()) as repeat_views
from seconds
group by org, course_key, course_name, course_run, position
