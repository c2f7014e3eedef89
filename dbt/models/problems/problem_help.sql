-- How often each learner asked for hints and answers of each problem. Read from the statements: few are
-- of this kind, and the course and the kind lead to them.
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    block_id,
    shown,
    actor_id,
    uniqExact(event_id) as times
from {{ everywhere(ref("statements")) }}
where kind = 'hint' and shown in ('hint', 'answer') and course_key != '' and block_id != ''
group by org, course_key, block_id, shown, actor_id
