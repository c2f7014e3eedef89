-- The name of each published course, after its latest publish. Joined when a chart is read, so that a course that is
-- renamed needs no rebuild.
select course_key, tupleElement({{ merged("latest") }}, 'name') as course_name
from {{ ref("rollup_course_names") }} {{ one_row_for_each("course_key") }}
