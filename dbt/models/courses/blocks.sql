-- Every block of every course as of the course's latest publish, each with what it is in. One step, and `tupleElement`
-- rather than names with a dot: every chart of a course's content plans this.
with arrayJoin({{ newest("blocks") }}) as block
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    tupleElement(block, 'block_id') as block_id,
    tupleElement(block, 'block_type') as block_type,
    tupleElement(block, 'block_name') as block_name,
    tupleElement(block, 'graded') as graded,
    tupleElement(block, 'section') as section,
    tupleElement(block, 'subsection') as subsection,
    tupleElement(block, 'unit') as unit,
    {{ place_key(["section"]) }} as section_key,
    {{ place_key(["section", "subsection"]) }} as subsection_key,
    tupleElement(block, 'section_id') as section_id,
    tupleElement(block, 'subsection_id') as subsection_id,
    tupleElement(block, 'unit_id') as unit_id,
    tupleElement(block, 'section_name') as section_name,
    tupleElement(block, 'subsection_name') as subsection_name,
    tupleElement(block, 'section_with_name') as section_with_name,
    tupleElement(block, 'subsection_with_name') as subsection_with_name,
    tupleElement(block, 'block_with_location') as block_with_location,
    tupleElement(block, 'position_in_course') as position_in_course
from {{ everywhere(ref("course_outlines")) }} {{ one_row_for_each("org, course_key") }}
