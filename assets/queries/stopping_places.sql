-- Where enrolled learners who have not passed, and were not seen for a week, viewed their last page.
with
    stopped as (
        select org, course_key, course_name, course_run, last_place_id, last_place_position, count() as learners
        from learners
        where at_risk
        -- % include "course_filters"
        group by org, course_key, course_name, course_run, last_place_id, last_place_position
    )
select
    stopped.org as org,
    stopped.course_key as course_key,
    stopped.course_name as course_name,
    stopped.course_run as course_run,
    if(places.subsection_with_name = '', 'No page viewed', places.subsection_with_name) as place,
    sum(stopped.learners) as learners
from stopped
left join
    unit_places as places
    on stopped.org = places.org
    and stopped.course_key = places.course_key
    and stopped.last_place_id = places.place_id
    and stopped.last_place_position = places.place_position
group by org, course_key, course_name, course_run, place
