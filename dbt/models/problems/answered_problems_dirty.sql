-- Responses that no refresh has used yet. Each row carries all that it says: whoever sees it here need not wait until
-- the same insert has reached rollup_responses, too. A row is taken off by one with the same mark and the sign -1.
{{
    config(
        materialized="rollup",
        engine=collapsing("sign"),
        order_by="(org, course_key, block_id, actor_id, dirty_since, mark)",
    )
}}

select *, generateUUIDv4() as mark, now64(3, 'UTC') as dirty_since, toInt8(1) as sign
from {{ ref("rollup_responses") }}
