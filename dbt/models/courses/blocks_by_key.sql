-- What charts show of a block, as of the latest publish. In memory: a join with the view would be planned longer than
-- most charts take to read.
{{
    config(
        materialized="dictionary",
        fields=[
            ("block_key", "UInt64"),
            ("block_type", "String"),
            ("graded", "Bool"),
            ("in_subsection", "Bool"),
            ("section_key", "UInt64"),
            ("subsection_key", "UInt64"),
            ("block_with_location", "String"),
            ("position_in_course", "Int32"),
        ],
        primary_key="block_key",
        layout="hashed_array()",
        lifetime="min 300 max 360",
    )
}}

select
    block_key(course_key, block_id) as block_key,
    block_type,
    graded,
    subsection_id != '' as in_subsection,
    section_key,
    subsection_key,
    block_with_location,
    position_in_course
from {{ ref("blocks") }}
