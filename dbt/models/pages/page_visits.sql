-- The pages that each learner has visited, of those that the course has now, with the first and the last time. Grouped
-- by their numbers: ids are long.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    pages.section as section,
    pages.subsection as subsection,
    pages.unit as unit,
    {{ of_place("place_id", "any(pages.subsection_key)") }} as subsection_id,
    any(pages.unit_id) as unit_id,
    min(visits.visited_at) as first_visited_at,
    max(visits.visited_at) as last_visited_at
from {{ visits_of_pages() }}
group by org, course_key, actor_id, section, subsection, unit
