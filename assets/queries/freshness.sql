-- The latest that each source has sent.
select 'statements' as source, maxOrNull(last_event_at) as last_at
from courses
union all
select 'courses' as source, maxOrNull(published_at) as last_at
from courses
