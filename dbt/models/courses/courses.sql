-- Every course: published, or seen in statements only. One list of both, so that a filter on the key reaches each.
with
    known as (
        select
            org,
            course_key,
            true as is_published,
            display_name,
            self_paced,
            course_start,
            course_end,
            time_last_dumped,
            toDateTime64(0, 6, 'UTC') as event_at
        from {{ source("event_sink", "course_overviews") }}
        union all
        select
            toString(org) as org,
            toString(course_key) as course_key,
            false as is_published,
            '' as display_name,
            false as self_paced,
            '' as course_start,
            '' as course_end,
            toDateTime64(0, 6, 'UTC') as time_last_dumped,
            toDateTime64(last_event_at, 6, 'UTC') as event_at
        from {{ everywhere(ref("rollup_courses")) }}
        where course_key != ''
    ),
    latest as (
        select
            course_key,
            max(is_published) as is_published,
            argMax(display_name, time_last_dumped) as display_name,
            argMax(self_paced, time_last_dumped) as self_paced,
            argMax(course_start, time_last_dumped) as course_start,
            argMax(course_end, time_last_dumped) as course_end,
            max(time_last_dumped) as published_at,
            max(event_at) as last_event_at
        from known
        group by course_key
    )
select
    course_org(course_key) as org,
    latest.course_key as course_key,
    if(latest.display_name = '', latest.course_key, latest.display_name) as course_name,
    course_run(latest.course_key) as course_run,
    if(latest.is_published, latest.self_paced, null) as self_paced,
    parseDateTime64BestEffortOrNull(latest.course_start, 6, 'UTC') as course_start,
    parseDateTime64BestEffortOrNull(latest.course_end, 6, 'UTC') as course_end,
    if(latest.is_published, latest.published_at, null) as published_at,
    nullIf(latest.last_event_at, toDateTime64(0, 6, 'UTC')) as last_event_at
from latest
