-- The pages that each learner has visited, of those that the course has now, with the first and the last time. Grouped
-- by their numbers: ids are long.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    places.section as section,
    places.subsection as subsection,
    places.unit as unit,
    any(places.subsection_id) as subsection_id,
    any(places.unit_id) as unit_id,
    min(visits.visited_at) as first_visited_at,
    max(visits.visited_at) as last_visited_at
from {{ visits_of_pages() }}
group by org, course_key, actor_id, section, subsection, unit
