-- What each table takes on disk now: the active parts, all compressed columns together.
select
    database as database_name,
    table as table_name,
    sum(rows) as rows,
    sum(bytes_on_disk) as bytes_on_disk,
    sum(data_uncompressed_bytes) as bytes_uncompressed,
    count() as parts
from {{ everywhere(source("system", "parts")) }}
where active and (database in ('xapi', 'event_sink', 'reporting') or endsWith(table, '_log'))
group by database_name, table_name
