-- The queries of the last week that took longest, one row a query.
select
    query_id,
    event_time as finished_at,
    user as user_name,
    query_duration_ms / 1000 as seconds,
    read_rows,
    read_bytes,
    memory_usage as memory_bytes,
    type != 'QueryFinish' as failed,
    left(query, 1000) as query
from {{ everywhere(source("system", "query_log")) }}
where type in ('QueryFinish', 'ExceptionWhileProcessing') and event_date >= today() - 7 and query_duration_ms > 0
order by query_duration_ms desc
limit 1000
