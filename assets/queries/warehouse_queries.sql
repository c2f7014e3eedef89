-- What ClickHouse was asked, one row a query, values left out.
select
    started_at,
    toDate(started_at) as day,
    asked_by,
    kind,
    seconds,
    read_rows,
    memory_bytes,
    failed,
    left(query, 240) as query
from warehouse_queries
where
    true
    -- % include "day_filter"
