-- Every block of every course, as of the course's latest publish.
select
    hierarchy.org as org,
    hierarchy.course_key as course_key,
    {{ course_name_or_key("hierarchy.course_key") }} as course_name,
    course_run(hierarchy.course_key) as course_run,
    hierarchy.block_id as block_id,
    hierarchy.block_type as block_type,
    hierarchy.block_name as block_name,
    hierarchy.graded as graded,
    hierarchy.section as section,
    hierarchy.subsection as subsection,
    hierarchy.unit as unit,
    hierarchy.section_id as section_id,
    hierarchy.subsection_id as subsection_id,
    hierarchy.unit_id as unit_id,
    hierarchy.section_name as section_name,
    hierarchy.subsection_name as subsection_name,
    hierarchy.section_with_name as section_with_name,
    hierarchy.subsection_with_name as subsection_with_name,
    hierarchy.block_with_location as block_with_location,
    hierarchy.position_in_course as position_in_course
from {{ ref("block_hierarchy") }} as hierarchy
left join {{ ref("course_names") }} as course_names on hierarchy.course_key = course_names.course_key
