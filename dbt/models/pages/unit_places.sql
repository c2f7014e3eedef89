-- The places that lead to each page as of the latest publish: its position in its subsection, and its name.
with
    arrayJoin({{ newest("pages") }}) as page,
    arrayJoin(
        [
            (tupleElement(page, 'subsection_id'), tupleElement(page, 'unit')),
            (tupleElement(page, 'unit_id'), toUInt16(0))
        ]
    ) as place
select
    org,
    course_key,
    tupleElement(page, 'section') as section,
    tupleElement(page, 'subsection') as subsection,
    tupleElement(page, 'unit') as unit,
    {{ place_key(["section"]) }} as section_key,
    {{ place_key(["section", "subsection"]) }} as subsection_key,
    tupleElement(page, 'section_with_name') as section_with_name,
    tupleElement(page, 'subsection_id') as subsection_id,
    tupleElement(page, 'subsection_with_name') as subsection_with_name,
    tupleElement(page, 'unit_id') as unit_id,
    tupleElement(place, 1) as place_id,
    tupleElement(place, 2) as place_position
from {{ everywhere(ref("course_outlines")) }} {{ one_row_for_each("org, course_key") }}
