-- Where each learner stands in each course: status and mode of the latest enrollment statement.
with
    latest as (
        select
            org,
            course_key,
            actor_id,
            argMaxMerge(last_statement) as last_statement,
            toDateTime64(max(last_registered_at), 6, 'UTC') as registered_at
        from {{ everywhere(ref("rollup_enrollment")) }}
        group by org, course_key, actor_id
    )
select
    latest.org as org,
    latest.course_key as course_key,
    {{ course_name_or_key("latest.course_key") }} as course_name,
    course_run(latest.course_key) as course_run,
    latest.actor_id as actor_id,
    if(latest.last_statement.registered, 'registered', 'unregistered') as enrollment_status,
    latest.last_statement.mode as enrollment_mode,
    nullIf(latest.registered_at, toDateTime64(0, 6, 'UTC')) as enrolled_at
from latest
left join {{ ref("course_names") }} as course_names on latest.course_key = course_names.course_key
