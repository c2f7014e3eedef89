-- Each time that a learner viewed a page, of the pages that the course has now.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    toDate(visits.visited_at) as day,
    places.section_key as section_key,
    places.subsection_key as subsection_key,
    places.unit_of_section as unit_of_section,
    places.section_with_name as section_with_name,
    places.subsection_with_name as subsection_with_name,
    places.subsection_id as subsection_id,
    places.unit_id as unit_id,
    visits.event_id as event_id
from {{ visits_of_pages() }} settings final = 1
