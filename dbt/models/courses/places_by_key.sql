-- Every section and subsection of every course as of the latest publish, and how much is in it. In memory: charts count
-- learners by the key, and then look up what it is called.
{{
    config(
        materialized="dictionary",
        fields=[
            ("place_key", "UInt64"),
            ("org", "String"),
            ("course_key", "String"),
            ("course_name", "String"),
            ("level", "String"),
            ("place_id", "String"),
            ("place", "String"),
            ("pages", "UInt32"),
            ("problems", "UInt32"),
            ("graded_problems", "UInt32"),
            ("ungraded_problems", "UInt32"),
            ("videos", "UInt32"),
        ],
        primary_key="place_key",
        layout="hashed_array()",
        lifetime="min 300 max 360",
    )
}}

with
    -- A block is in a section and in a subsection, or is one itself.
    if(block_type = 'chapter', block_id, section_id) as own_section_id,
    if(block_type = 'sequential', block_id, subsection_id) as own_subsection_id,
    subsection_id != '' as is_inside,
    arrayJoin(
        arrayFilter(
            place -> tupleElement(place, 4) != '',
            [
                (section_key, 'Section', own_section_id, section_with_name),
                (subsection_key, 'Subsection', own_subsection_id, subsection_with_name)
            ]
        )
    ) as place_of_block
select
    tupleElement(place_of_block, 1) as place_key,
    any(blocks.org) as org,
    any(blocks.course_key) as course_key,
    any(blocks.course_name) as course_name,
    any(tupleElement(place_of_block, 2)) as level,
    any(tupleElement(place_of_block, 3)) as place_id,
    any(tupleElement(place_of_block, 4)) as place,
    countIf(block_type = 'vertical' and is_inside) as pages,
    countIf(block_type = 'problem' and is_inside) as problems,
    countIf(block_type = 'problem' and is_inside and graded) as graded_problems,
    problems - graded_problems as ungraded_problems,
    countIf(block_type = 'video' and is_inside) as videos
from {{ ref("blocks") }} as blocks
group by place_key
