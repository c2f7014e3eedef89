-- How each learner did in each problem: of every result the latest version.
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    block_id,
    actor_id,
    {{ newest("attempts") }} as attempts,
    {{ newest("correct") }} as correct,
    {{ newest("correct_first") }} as correct_first
from {{ everywhere(ref("answered_problems")) }} {{ one_row_for_each("org, course_key, block_id, actor_id") }}
