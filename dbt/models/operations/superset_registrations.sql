-- When each person registered in Superset, also those who were deleted since.
select user_id, argMax(registered_at, seen_at) as registered_at
from {{ everywhere(source("operations", "superset_users")) }}
group by user_id
