-- How many pages each learner has viewed of each subsection where they viewed any, beside how many it has now.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    any(sections.place) as section_with_name,
    any(subsections.place) as subsection_with_name,
    any(subsections.place_id) as subsection_id,
    uniqExact(pages.unit) as pages_viewed,
    any(subsections.pages) as pages_total
from {{ visits_of_pages() }}
inner join {{ ref("places_by_key") }} as sections on pages.section_key = sections.place_key
inner join {{ ref("places_by_key") }} as subsections on pages.subsection_key = subsections.place_key
group by org, course_key, actor_id, pages.subsection_key
