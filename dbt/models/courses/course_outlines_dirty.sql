-- Blocks of publishes that no refresh has used yet. A row is taken off by one with the same mark and the sign -1.
{{
    config(
        materialized="rollup",
        engine=collapsing("sign"),
        order_by="(org, course_key, dirty_since, mark)",
    )
}}

select *, generateUUIDv4() as mark, now64(3, 'UTC') as dirty_since, toInt8(1) as sign
from {{ ref("rollup_blocks") }}
