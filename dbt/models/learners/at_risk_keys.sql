-- The learners at risk, and nothing else of them: charts ask for what these did, and plan every column of what they
-- read.
with
    latest as (
        select
            org,
            course_key,
            actor_id,
            {{ merged("enrollment") }} as last_enrollment,
            {{ merged("last_registered_at") }} as registered_at,
            {{ merged("last_visited_at") }} as visited_at,
            {{ merged("result") }} as last_result
        from {{ everywhere(ref("rollup_learners")) }} {{ one_row_for_each("org, course_key, actor_id") }}
    )
select org, course_key, actor_id
from latest
where {{ is_at_risk() }}
