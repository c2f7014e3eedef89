-- The blocks of each course as of its latest publish, each with what it is in.
with
    newest_outlines as (
        select org, course_key, {{ newest("blocks") }} as blocks
        from {{ everywhere(ref("course_outlines")) }} {{ one_row_for_each("org, course_key") }}
    )
select
    org,
    course_key,
    block_id,
    block_type,
    block_name,
    graded,
    section,
    subsection,
    unit,
    own_section_id,
    section_name,
    own_subsection_id,
    subsection_name,
    own_unit_id,
    section_id,
    subsection_id,
    unit_id,
    section_with_name,
    subsection_with_name,
    block_with_location,
    position_in_course
from newest_outlines
array join
    blocks.block_id as block_id,
    blocks.block_type as block_type,
    blocks.block_name as block_name,
    blocks.graded as graded,
    blocks.section as section,
    blocks.subsection as subsection,
    blocks.unit as unit,
    blocks.own_section_id as own_section_id,
    blocks.section_name as section_name,
    blocks.own_subsection_id as own_subsection_id,
    blocks.subsection_name as subsection_name,
    blocks.own_unit_id as own_unit_id,
    blocks.section_id as section_id,
    blocks.subsection_id as subsection_id,
    blocks.unit_id as unit_id,
    blocks.section_with_name as section_with_name,
    blocks.subsection_with_name as subsection_with_name,
    blocks.block_with_location as block_with_location,
    blocks.position_in_course as position_in_course
