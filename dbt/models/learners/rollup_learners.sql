-- Where each learner stands in each course: of each thing that can be said of it the latest.
{{
    config(
        materialized="rollup",
        engine=aggregating(),
        order_by="(org, course_key, actor_id)",
        table_settings=merged_within_hours(),
    )
}}

select
    org,
    course_key,
    actor_id,
    {{
        latest(
            "endsWith(verb_id, '/registered'), toString(enrollment_mode)",
            "registered Bool, mode String",
            "kind = 'enrollment'",
        )
    }} as enrollment,
    maxSimpleState(
        if(kind = 'enrollment' and endsWith(verb_id, '/registered'), event_time, toDateTime64(0, 6, 'UTC'))
    ) as last_registered_at,
    maxSimpleState(if(kind = 'navigation', event_time, toDateTime64(0, 6, 'UTC'))) as last_visited_at,
    {{
        latest(
            "toString(block_id), " ~ reached_position(),
            "block_id String, position UInt16",
            "kind = 'navigation' and block_id != ''",
        )
    }} as page,
    {{
        latest(
            "assumeNotNull(score)",
            "score Float64",
            "kind = 'grade' and block_id = '' and score is not null",
        )
    }} as grade,
    {{ latest("toString(state)", "state String", "block_id = '' and state != ''") }} as result,
    -- Enrollment and grading happen to a learner: they are no activity.
    maxSimpleState(kind not in ('enrollment', 'grade')) as is_active
from {{ ref("statements") }}
where kind != 'refused' and course_key != ''
group by org, course_key, actor_id
