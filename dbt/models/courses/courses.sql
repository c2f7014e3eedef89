-- Every course: published, or seen in statements only.
with
    published as (
        select
            course_key,
            argMax(
                (display_name, self_paced, course_start, course_end, time_last_dumped), time_last_dumped
            ) as latest
        from {{ source("event_sink", "course_overviews") }}
        group by course_key
    ),
    seen as (
        select course_key, toDateTime64(max(last_event_at), 6, 'UTC') as last_event_at
        from {{ ref("rollup_courses") }}
        where course_key != ''
        group by course_key
    )
select
    course_org(course_key) as org,
    toString(if(published.course_key != '', published.course_key, seen.course_key)) as course_key,
    if(published.latest.1 = '', course_key, published.latest.1) as course_name,
    course_run(course_key) as course_run,
    if(published.course_key = '', null, published.latest.2) as self_paced,
    parseDateTime64BestEffortOrNull(published.latest.3, 6, 'UTC') as course_start,
    parseDateTime64BestEffortOrNull(published.latest.4, 6, 'UTC') as course_end,
    if(published.course_key = '', null, published.latest.5) as published_at,
    if(seen.course_key = '', null, seen.last_event_at) as last_event_at
from published
full outer join seen on published.course_key = seen.course_key
