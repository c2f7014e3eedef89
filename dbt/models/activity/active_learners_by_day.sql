-- Who was active in which course on which day.
select
    org, course_key, {{ course_name("course_key") }} as course_name, course_run(course_key) as course_run, day, actor_id
from {{ everywhere(ref("rollup_activity")) }} {{ one_row_for_each("org, course_key, day, actor_id") }}
