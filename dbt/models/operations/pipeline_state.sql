-- How fresh the numbers are: the newest event and publish, what the refresh still has to do, and what was refused.
with
    newest as (select max(last_event_at) as last_event_at from {{ everywhere(ref("rollup_courses")) }}),
    published as (select max(published_at) as last_publish_at from {{ ref("courses") }}),
    waiting as (
        select sum(waiting) as refresh_waiting, max(lag_seconds) as refresh_lag_seconds from {{ ref("refresh_lag") }}
    ),
    refused as (
        select count() as refused, countIf(refused_at > now('UTC') - interval 1 day) as refused_last_day
        from {{ ref("refused_statements") }}
    )
select
    if(newest.last_event_at = 0, null, newest.last_event_at) as last_event_at,
    published.last_publish_at as last_publish_at,
    waiting.refresh_waiting as refresh_waiting,
    waiting.refresh_lag_seconds as refresh_lag_seconds,
    refused.refused as refused,
    refused.refused_last_day as refused_last_day
from newest
cross join published
cross join waiting
cross join refused
