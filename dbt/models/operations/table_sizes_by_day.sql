-- How each table has grown: what it took at the end of each day on which the stack ran.
select day, database_name, table_name, argMax(rows, seen_at) as rows, argMax(bytes_on_disk, seen_at) as bytes_on_disk
from {{ source("operations", "table_sizes_seen") }}
group by day, database_name, table_name
