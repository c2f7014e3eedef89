-- The places that lead to each unit as of the latest publish: its position in its subsection, and its name.
with
    units as (
        select
            org,
            course_key,
            section,
            subsection,
            unit,
            section_with_name,
            subsection_id,
            subsection_with_name,
            block_id as unit_id,
            arrayJoin([(subsection_id, unit), (block_id, toUInt16(0))]) as place
        from {{ ref("blocks") }}
        where block_type = 'vertical' and subsection_id != ''
    )
select
    org,
    course_key,
    section,
    subsection,
    unit,
    section_with_name,
    subsection_id,
    subsection_with_name,
    unit_id,
    tupleElement(place, 1) as place_id,
    tupleElement(place, 2) as place_position
from units
