-- How ClickHouse is: a few figures that tell an operator whether it has room, keeps up and answers.
with
    counters as (
        select cast((groupArray(metric), groupArray(value)), 'Map(String, Int64)') as counter
        from {{ source("system", "metrics") }}
    ),
    disks as (select sum(free_space) as free, sum(total_space) as total from {{ source("system", "disks") }}),
    -- The engine's own count of errors has those that queries get over, too.
    failures as (
        select
            countIf(exception_code != 0) as happened,
            argMaxIf(errorCodeToName(exception_code), query_start_time_microseconds, exception_code != 0) as latest
        from {{ source("system", "query_log") }}
        where type != 'QueryStart' and query_start_time_microseconds > now64(6) - interval 1 day
    ),
    figures as (
        select
            arrayJoin(
                [
                    ('Version', 0., version(), 'The release of ClickHouse.'),
                    (
                        'Uptime',
                        toFloat64(uptime()),
                        formatReadableTimeDelta(uptime(), 'hours'),
                        'Time since the last start.'
                    ),
                    (
                        'Free disk space',
                        toFloat64(free),
                        concat(formatReadableSize(free), ' of ', formatReadableSize(total)),
                        'Merges need room: with less than a tenth of the whole, delete or add.'
                    ),
                    (
                        'Memory in use',
                        toFloat64(counter['MemoryTracking']),
                        formatReadableSize(counter['MemoryTracking']),
                        'What queries, merges and caches hold now.'
                    ),
                    (
                        'Queries running',
                        toFloat64(counter['Query']),
                        toString(counter['Query']),
                        'This one is among them.'
                    ),
                    (
                        'Merges running',
                        toFloat64(counter['Merge']),
                        toString(counter['Merge']),
                        'Parts of tables are put together in the background.'
                    ),
                    (
                        'Active parts',
                        toFloat64(counter['PartsActive']),
                        toString(counter['PartsActive']),
                        'Pieces that tables are stored in. Tens of thousands mean inserts that are too small.'
                    ),
                    (
                        'Inserts held back',
                        toFloat64(counter['DelayedInserts']),
                        toString(counter['DelayedInserts']),
                        'More than 0: parts come faster than they are merged.'
                    ),
                    (
                        'Replicas that cannot write',
                        toFloat64(counter['ReadonlyReplica']),
                        toString(counter['ReadonlyReplica']),
                        'More than 0: the connection to Keeper is lost. Always 0 on a single node.'
                    ),
                    (
                        'Failed queries in a day',
                        toFloat64(happened),
                        toString(happened),
                        if(happened = 0, 'None failed.', concat('The latest: ', latest, '. Refused ones count, too.'))
                    )
                ]
            ) as figure
        from counters
        cross join disks
        cross join failures
    )
select figure .1 as name, figure .2 as value, figure .3 as shown, figure .4 as description
from figures
