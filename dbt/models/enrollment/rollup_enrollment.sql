-- The last enrollment statement of each learner, course and day.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, actor_id, day)",
        table_settings=merged_within_hours(),
    )
}}

select
    org,
    course_key,
    actor_id,
    toDate(event_time) as day,
    {{
        latest(
            "endsWith(verb_id, '/registered'), toString(enrollment_mode)",
            "registered Bool, mode String",
            "true",
        )
    }} as enrollment
from {{ ref("statements") }}
where kind = 'enrollment' and course_key != ''
group by org, course_key, actor_id, day
