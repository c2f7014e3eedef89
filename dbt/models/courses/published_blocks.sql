-- The blocks of each course as of its latest publish, each with what it is in. Blocks with the same numbers are in the
-- same section, subsection and unit. Charts read blocks, where this is ready for them.
with
    -- A publish that was sent twice is one. What a refresh has taken may be seen before rollup_blocks shows it.
    once as (
        select distinct *
        from {{ everywhere(ref("rollup_blocks")) }}
        union distinct
        select distinct * except (mark, dirty_since, sign, run)
        from {{ ref("course_outlines_taken") }}
    ),
    publishes as (select *, max((published_at, dump_id)) over (partition by org, course_key) as latest from once),
    -- Numbers are as long as the longest of their course, so that names are in the order of the course.
    numbered as (
        select
            *,
            {{ padded("section") }} as section_number,
            {{ padded("subsection") }} as subsection_number,
            {{ padded("unit") }} as unit_number,
            -- Studio gives every new problem the same name: the second of a unit is told from the first.
            row_number() over (
                partition by org, course_key, section, subsection, unit, block_type, block_name
                order by position_in_course, block_id
            ) as number_of_name,
            if(number_of_name = 1, block_name, concat(block_name, ' (', toString(number_of_name), ')')) as own_name
        from publishes
        where (published_at, dump_id) = latest
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
    maxIf(block_id, block_type = 'chapter' and section != 0) over (
        partition by org, course_key, section
    ) as own_section_id,
    anyIf(block_name, block_type = 'chapter' and section != 0) over (
        partition by org, course_key, section
    ) as section_name,
    maxIf(block_id, block_type = 'sequential' and subsection != 0) over (
        partition by org, course_key, section, subsection
    ) as own_subsection_id,
    anyIf(block_name, block_type = 'sequential' and subsection != 0) over (
        partition by org, course_key, section, subsection
    ) as subsection_name,
    maxIf(block_id, block_type = 'vertical' and unit != 0) over (
        partition by org, course_key, section, subsection, unit
    ) as own_unit_id,
    -- A block is not what it is in.
    if(own_section_id = block_id, '', own_section_id) as section_id,
    if(own_subsection_id = block_id, '', own_subsection_id) as subsection_id,
    if(own_unit_id = block_id, '', own_unit_id) as unit_id,
    if(own_section_id = '', '', concat(section_number, ' - ', section_name)) as section_with_name,
    if(
        own_subsection_id = '', '', concat(section_number, ':', subsection_number, ' - ', subsection_name)
    ) as subsection_with_name,
    multiIf(
        section = 0,
        block_name,
        subsection = 0,
        concat(section_number, ' - ', block_name),
        unit = 0,
        concat(section_number, ':', subsection_number, ' - ', block_name),
        concat(section_number, ':', subsection_number, ':', unit_number, ' - ', own_name)
    ) as block_with_location,
    position_in_course
from numbered
