-- How often each learner viewed each page on each day, of the pages that the course has now.
with
    -- A page has a position and a name: a link and a step may lead to it. A visit that was sent twice is one row.
    views as (
        select
            places.org as org,
            places.course_key as course_key,
            visits.actor_id as actor_id,
            toDate(visits.visited_at) as day,
            any(places.section_with_name) as section_with_name,
            any(places.subsection_with_name) as subsection_with_name,
            any(places.subsection_id) as subsection_id,
            any(places.unit_id) as unit_id,
            count() as views
        from {{ everywhere(ref("rollup_page_visits")) }} as visits
        inner join
            {{ ref("unit_places") }} as places
            on visits.org = places.org
            and visits.course_key = places.course_key
            and visits.block_id = places.place_id
            and visits.position = places.place_position
        where visits.block_id != ''
        group by org, course_key, actor_id, day, places.section, places.subsection, places.unit settings final = 1
    )
select
    views.org as org,
    views.course_key as course_key,
    {{ course_name("views.course_key") }} as course_name,
    course_run(views.course_key) as course_run,
    views.actor_id as actor_id,
    views.day as day,
    views.section_with_name as section_with_name,
    views.subsection_with_name as subsection_with_name,
    views.subsection_id as subsection_id,
    views.unit_id as unit_id,
    views.views as views
from views
