-- How many events of each kind an hour had. Counted when it is read, because only then is a duplicate known
-- as one.
select org, course_key, course_run(course_key) as course_run, toStartOfHour(event_time) as hour, kind, count() as events
from {{ ref("events") }}
group by org, course_key, hour, kind
