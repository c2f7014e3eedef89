-- The page that each place leads to as of the latest publish. In memory: millions of visits are joined with it.
{{
    config(
        materialized="dictionary",
        fields=[
            ("page_key", "UInt64"),
            ("section", "UInt16"),
            ("subsection", "UInt16"),
            ("unit", "UInt16"),
            ("section_key", "UInt64"),
            ("subsection_key", "UInt64"),
            ("unit_id", "String"),
        ],
        primary_key="page_key",
        layout="hashed_array()",
        lifetime="min 300 max 360",
    )
}}

select
    page_key(course_key, place_id, place_position) as page_key,
    section,
    subsection,
    unit,
    section_key,
    subsection_key,
    unit_id
from {{ ref("unit_places") }}
