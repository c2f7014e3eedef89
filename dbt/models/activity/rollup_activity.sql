-- The days on which a learner was active in a course. Enrollment and grading happen to a learner: they do
-- not count.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, day, actor_id)",
        table_settings=merged_within_hours(),
    )
}}

select org, course_key, toDate(event_time) as day, actor_id
from {{ ref("statements") }}
where kind not in ('enrollment', 'grade', 'refused') and course_key != ''
group by org, course_key, day, actor_id
