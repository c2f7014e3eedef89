-- How often each learner asked for hints and answers of each problem. Read from the statements: few are
-- of this kind, and the course and the kind lead to them.
with
    asked as (
        select org, course_key, block_id, shown, actor_id, uniqExact(event_id) as times
        from {{ everywhere(ref("statements")) }}
        where kind = 'hint' and shown in ('hint', 'answer') and course_key != '' and block_id != ''
        group by org, course_key, block_id, shown, actor_id
    )
select
    asked.org as org,
    asked.course_key as course_key,
    {{ course_name_or_key("asked.course_key") }} as course_name,
    course_run(asked.course_key) as course_run,
    asked.block_id as block_id,
    asked.shown as shown,
    asked.actor_id as actor_id,
    asked.times as times
from asked
left join {{ ref("course_names") }} as course_names on asked.course_key = course_names.course_key
