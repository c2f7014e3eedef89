-- The learners of each course that there is a statement of, and nothing else of them.
select org, course_key, actor_id
from {{ everywhere(ref("rollup_learners")) }} {{ one_row_for_each("org, course_key, actor_id") }}
