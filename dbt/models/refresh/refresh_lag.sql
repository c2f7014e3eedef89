-- How far the tables that are refreshed are behind the statements.
with
    waiting_rows as (
        select any(dirty_since) as dirty_since
        from {{ everywhere(ref("video_watching_dirty")) }}
        group by mark
        having sum(sign) > 0
    )
select
    'video_watching' as refreshed_table,
    count() as waiting,
    if(waiting = 0, null, min(dirty_since)) as oldest,
    if(waiting = 0, 0, greatest(0, dateDiff('millisecond', min(dirty_since), now64(3, 'UTC')) / 1000)) as lag_seconds
from waiting_rows
