-- What each database took on disk at the end of each day on which the stack ran.
select day, database_name, sum(bytes_on_disk) as bytes_on_disk
from table_sizes_by_day
where true
-- % include "day_filter"
group by day, database_name
