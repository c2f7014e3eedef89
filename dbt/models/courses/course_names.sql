-- The name of each published course, after its latest publish. Joined when a chart is read, so that a
-- course that is
-- renamed needs no rebuild.
select toLowCardinality(course_key) as course_key, argMax(display_name, time_last_dumped) as course_name
from {{ source("event_sink", "course_overviews") }}
group by course_key
