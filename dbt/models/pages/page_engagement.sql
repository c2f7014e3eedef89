-- How many pages each learner has viewed of each subsection where they viewed any, beside how many it has now.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    any(places.section_with_name) as section_with_name,
    any(places.subsection_with_name) as subsection_with_name,
    any(places.subsection_id) as subsection_id,
    uniqExact(places.unit) as pages_viewed,
    any(places.pages_in_subsection) as pages_total
from {{ visits_of_pages() }}
group by org, course_key, actor_id, places.section, places.subsection
