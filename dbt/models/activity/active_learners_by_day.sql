-- Who was active in which course on which day.
with
    activity as (
        select org, course_key, day, actor_id
        from {{ everywhere(ref("rollup_activity")) }}
        group by org, course_key, day, actor_id
    )
select
    activity.org as org,
    activity.course_key as course_key,
    {{ course_name_or_key("activity.course_key") }} as course_name,
    course_run(activity.course_key) as course_run,
    activity.day as day,
    activity.actor_id as actor_id
from activity
left join {{ ref("course_names") }} as course_names on activity.course_key = course_names.course_key
