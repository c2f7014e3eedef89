-- What says whether ClickHouse is well: load, failures, memory, and what waits to be merged.
with
    finished as (
        select
            count() as queries,
            countIf(type != 'QueryFinish') as failed,
            quantileExactOrNull(0.95)
            (query_duration_ms / 1000) as slow_seconds,
            maxOrNull(memory_usage) as largest_memory
        from {{ everywhere(source("system", "query_log")) }}
        where type != 'QueryStart' and event_time > now() - interval 1 day
    ),
    stored as (
        select sum(bytes_on_disk) as bytes_on_disk, max(parts) as most_parts, sum(rows) as rows
        from {{ ref("table_sizes") }}
    )
select
    tupleElement(metric, 1) as name,
    tupleElement(metric, 2) as value,
    tupleElement(metric, 3) as unit,
    tupleElement(metric, 4) as description
from
    (
        select
            arrayJoin(
                [
                    ('Queries', toFloat64(finished.queries), 'queries', 'That ended within the last 24 hours'),
                    ('Failed queries', toFloat64(finished.failed), 'queries', 'Of those, the ones that failed'),
                    ('Slow queries', ifNull(finished.slow_seconds, 0), 's', 'One of twenty queries took longer'),
                    (
                        'Largest query',
                        toFloat64(ifNull(finished.largest_memory, 0)),
                        'bytes',
                        'The most memory that a query took'
                    ),
                    ('Rows', toFloat64(stored.rows), 'rows', 'In all tables, with duplicates not merged yet'),
                    ('Storage', toFloat64(stored.bytes_on_disk), 'bytes', 'Of all tables on disk'),
                    (
                        'Most parts',
                        toFloat64(stored.most_parts),
                        'parts',
                        'Of the table that has most: thousands mean inserts that are too small'
                    )
                ]
            ) as metric
        from finished
        cross join stored
    )
