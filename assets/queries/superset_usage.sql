-- What people did in Superset, people as numbers.
select happened_at, toDate(happened_at) as day, user_id as person, action, dashboard, chart, seconds
from superset_usage
where
    true
    -- % include "day_filter"
