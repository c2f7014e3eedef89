-- How often each learner viewed each page on each day, of the pages that the course has now.
with
    visits as (
        select org, course_key, actor_id, block_id, position, toDate(visited_at) as day, uniqExact(event_id) as views
        from {{ everywhere(ref("rollup_page_visits")) }}
        where block_id != ''
        group by org, course_key, actor_id, block_id, position, day
    )
select
    places.org as org,
    places.course_key as course_key,
    {{ course_name_or_key("places.course_key") }} as course_name,
    course_run(places.course_key) as course_run,
    visits.actor_id as actor_id,
    visits.day as day,
    places.section_with_name as section_with_name,
    places.subsection_with_name as subsection_with_name,
    places.subsection_id as subsection_id,
    places.unit_id as unit_id,
    -- A page has a position and a name: a link and a step may lead to it on one day.
    sum(visits.views) as views
from visits
inner join
    {{ ref("unit_places") }} as places
    on visits.org = places.org
    and visits.course_key = places.course_key
    and visits.block_id = places.place_id
    and visits.position = places.place_position
left join {{ ref("course_names") }} as course_names on places.course_key = course_names.course_key
group by
    org,
    course_key,
    course_name,
    course_run,
    actor_id,
    day,
    section_with_name,
    subsection_with_name,
    subsection_id,
    unit_id
