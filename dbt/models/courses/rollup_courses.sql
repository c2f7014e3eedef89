-- The courses that statements are about, and when the latest was.
{{ config(materialized="rollup", engine=aggregating(), order_by="(org, course_key)") }}

select org, course_key, maxSimpleState(event_time) as last_event_at
from {{ ref("statements") }}
where kind != 'refused'
group by org, course_key
