-- Video events that no refresh has used yet. Each carries all that it says: whoever sees it here need not wait
-- until the same insert has reached rollup_videos, too.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, block_id, actor_id, dirty_since, mark)",
    )
}}

select *, generateUUIDv4() as mark, now64(3, 'UTC') as dirty_since
from {{ ref("rollup_videos") }}
