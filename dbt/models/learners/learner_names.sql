-- Who the learners are, where the setting `pii` is on: empty otherwise, whatever the LMS has sent. Read it for the rows
-- that are shown, after everything is counted.
with
    people as (
        select
            user_id,
            argMax(username, time_last_dumped) as username,
            argMax(name, time_last_dumped) as name,
            argMax(email, time_last_dumped) as email
        from {{ source("event_sink", "user_profile") }}
        group by user_id
    ),
    accounts as (
        select external_user_id, argMax(user_id, time_last_dumped) as user_id
        from {{ source("event_sink", "external_id") }}
        where external_id_type = 'xapi'
        group by external_user_id
    )
select
    toString(accounts.external_user_id) as actor_id,
    people.username as username,
    people.name as name,
    people.email as email
from accounts
inner join people on accounts.user_id = people.user_id
where {{ env_var("ASPECTS_DBT_PII", "False") | lower }}
