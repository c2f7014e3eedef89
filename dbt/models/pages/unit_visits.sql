-- The units that each learner has visited, of those that the course has now.
with
    visits as (
        select
            org,
            course_key,
            actor_id,
            block_id,
            position,
            min(first_visited_at) as first_visited_at,
            max(last_visited_at) as last_visited_at
        from {{ everywhere(ref("rollup_page_visits")) }}
        where block_id != ''
        group by org, course_key, actor_id, block_id, position
    ),
    -- A unit is reached by its position in its subsection, or by its name.
    places as (
        select
            org,
            course_key,
            section,
            subsection_id,
            block_id as unit_id,
            arrayJoin([(subsection_id, unit), (block_id, toUInt16(0))]) as place,
            tupleElement(place, 1) as place_id,
            tupleElement(place, 2) as place_position
        from {{ ref("block_hierarchy") }}
        where block_type = 'vertical' and subsection_id != ''
    )
select
    visits.org as org,
    visits.course_key as course_key,
    visits.actor_id as actor_id,
    places.section as section,
    places.subsection_id as subsection_id,
    places.unit_id as unit_id,
    min(visits.first_visited_at) as first_visited_at,
    max(visits.last_visited_at) as last_visited_at
from visits
inner join
    places
    on visits.org = places.org
    and visits.course_key = places.course_key
    and visits.block_id = places.place_id
    and visits.position = places.place_position
group by org, course_key, actor_id, section, subsection_id, unit_id
