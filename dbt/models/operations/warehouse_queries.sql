-- What ClickHouse was asked, as its own log of queries has it, without the values that stood in the queries: among
-- them may be names and e-mail addresses that somebody filtered by.
select
    query_start_time_microseconds as started_at,
    query_id,
    toLowCardinality(user) as asked_by,
    toLowCardinality(query_kind) as kind,
    query_duration_ms / 1000 as seconds,
    read_rows,
    read_bytes,
    memory_usage as memory_bytes,
    exception_code != 0 as failed,
    normalized_query_hash as query_hash,
    left(trim(replaceRegexpAll(normalizeQuery(query), '\\s+', ' ')), 500) as query
from {{ everywhere(source("system", "query_log")) }}
where type != 'QueryStart' and is_initial_query and query_kind not in ('Set', 'Use')
