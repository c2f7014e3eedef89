-- The latest that each source has sent. Only the last day of statements is read.
select 'statements' as source, maxOrNull(event_time) as last_at
from events
where event_time >= toDateTime64((select max(day) from events_by_day), 6, 'UTC')
union all
select 'courses' as source, maxOrNull(published_at) as last_at
from courses
