-- Every course: published, or seen in statements only.
with
    published as (
        select
            course_key,
            argMax(display_name, time_last_dumped) as display_name,
            argMax(self_paced, time_last_dumped) as self_paced,
            argMax(course_start, time_last_dumped) as course_start,
            argMax(course_end, time_last_dumped) as course_end,
            max(time_last_dumped) as published_at
        from {{ source("event_sink", "course_overviews") }}
        group by course_key
    ),
    seen as (
        select course_key, toDateTime64(max(last_event_at), 6, 'UTC') as last_event_at
        from {{ everywhere(ref("rollup_courses")) }}
        where course_key != ''
        group by course_key
    )
select
    course_org(course_key) as org,
    toString(if(published.course_key != '', published.course_key, seen.course_key)) as course_key,
    if(published.display_name = '', course_key, published.display_name) as course_name,
    course_run(course_key) as course_run,
    if(published.course_key = '', null, published.self_paced) as self_paced,
    parseDateTime64BestEffortOrNull(published.course_start, 6, 'UTC') as course_start,
    parseDateTime64BestEffortOrNull(published.course_end, 6, 'UTC') as course_end,
    if(published.course_key = '', null, published.published_at) as published_at,
    if(seen.course_key = '', null, seen.last_event_at) as last_event_at
from published
full outer join seen on published.course_key = seen.course_key
