-- The name of each published course, after its latest publish.
{{ config(materialized="rollup", engine=aggregating(), order_by="course_key") }}

select
    toLowCardinality(course_key) as course_key,
    cast(
        max((time_last_dumped, display_name)),
        'SimpleAggregateFunction(max, Tuple(at DateTime64(6, \'UTC\'), name String))'
    ) as latest
from {{ source("event_sink", "course_overviews") }}
group by course_key
