-- Each time that a learner viewed a page, of the pages that the course has now.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    toDate(visits.visited_at) as day,
    pages.section_key as section_key,
    pages.subsection_key as subsection_key,
    65536 * toUInt32(pages.subsection) + pages.unit as unit_of_section,
    {{ of_place("place", "section_key") }} as section_with_name,
    {{ of_place("place", "subsection_key") }} as subsection_with_name,
    {{ of_place("place_id", "subsection_key") }} as subsection_id,
    pages.unit_id as unit_id,
    visits.event_id as event_id
from {{ visits_of_pages() }} settings final = 1
