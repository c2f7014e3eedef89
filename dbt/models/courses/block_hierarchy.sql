-- The blocks of each course as of its latest publish, each with what it is in. Every chart of a course's content plans
-- this: an array joined for each column, or names like `block.graded`, would take half as long again to plan.
with
    newest_blocks as (
        select org, course_key, arrayJoin({{ newest("blocks") }}) as block
        from {{ everywhere(ref("course_outlines")) }} {{ one_row_for_each("org, course_key") }}
    )
select
    org,
    course_key,
    tupleElement(block, 'block_id') as block_id,
    tupleElement(block, 'block_type') as block_type,
    tupleElement(block, 'block_name') as block_name,
    tupleElement(block, 'graded') as graded,
    tupleElement(block, 'section') as section,
    tupleElement(block, 'subsection') as subsection,
    tupleElement(block, 'unit') as unit,
    tupleElement(block, 'own_section_id') as own_section_id,
    tupleElement(block, 'section_name') as section_name,
    tupleElement(block, 'own_subsection_id') as own_subsection_id,
    tupleElement(block, 'subsection_name') as subsection_name,
    tupleElement(block, 'own_unit_id') as own_unit_id,
    tupleElement(block, 'section_id') as section_id,
    tupleElement(block, 'subsection_id') as subsection_id,
    tupleElement(block, 'unit_id') as unit_id,
    tupleElement(block, 'section_with_name') as section_with_name,
    tupleElement(block, 'subsection_with_name') as subsection_with_name,
    tupleElement(block, 'block_with_location') as block_with_location,
    tupleElement(block, 'position_in_course') as position_in_course
from newest_blocks
