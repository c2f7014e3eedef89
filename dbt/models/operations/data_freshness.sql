-- The newest that each source has sent, and how long ago that was.
with
    newest as (
        select 'statements' as source, maxOrNull(last_event_at) as last_at, 'The newest event' as meaning
        from {{ ref("courses") }}
        union all
        select 'courses' as source, maxOrNull(published_at) as last_at, 'The last publish of a course' as meaning
        from {{ ref("courses") }}
        union all
        select 'blocks' as source, maxOrNull(published_at) as last_at, 'The last publish of a course outline' as meaning
        from {{ everywhere(ref("rollup_blocks")) }}
        union all
        select 'tags' as source, maxOrNull(time_last_dumped) as last_at, 'The last change of a course tag' as meaning
        from {{ source("event_sink", "object_tag") }}
        union all
        select 'people' as source, maxOrNull(time_last_dumped) as last_at, 'The last change of a profile' as meaning
        from {{ source("event_sink", "user_profile") }}
        union all
        select
            'refresh' as source,
            minOrNull(ifNull(oldest, now64(3, 'UTC'))) as last_at,
            'Up to when refreshed tables hold everything' as meaning
        from {{ ref("refresh_lag") }}
        union all
        select 'superset' as source, maxOrNull(happened_at) as last_at, 'The last use of Superset' as meaning
        from {{ ref("superset_usage") }}
    )
select source, meaning, last_at, dateDiff('second', last_at, now64(6, 'UTC')) as seconds_ago
from newest
