-- The blocks and the pages of each course as of its latest publish, a row a course: a reader sees an outline whole or
-- not at all.
-- This SQL makes the outlines of the courses in course_outlines_taken; ./inv warehouse.refresh runs it.
-- depends_on: {{ ref("course_outlines_dirty") }}, {{ ref("rollup_blocks") }}
{{
    config(
        materialized="refreshed",
        engine=replacing("version"),
        order_by="(org, course_key)",
        table_settings="default_compression_codec = 'ZSTD(1)', index_granularity = 16",
        made_of="rollup_blocks",
    )
}}

select
    org,
    course_key,
    groupArray(
        cast(
            (
                block_id,
                block_type,
                block_name,
                graded,
                section,
                subsection,
                unit,
                section_name,
                subsection_name,
                section_id,
                subsection_id,
                unit_id,
                section_with_name,
                subsection_with_name,
                block_with_location,
                position_in_course
            ),
            'Tuple(
                block_id String, block_type LowCardinality(String), block_name String, graded Bool, section UInt16,
                subsection UInt16, unit UInt16, section_name String, subsection_name String, section_id String,
                subsection_id String, unit_id String,
                section_with_name String, subsection_with_name String, block_with_location String,
                position_in_course Int32
            )'
        )
    ) as blocks,
    groupArrayIf(
        cast((section, subsection, unit, section_with_name, subsection_id, subsection_with_name, block_id), 'Tuple(
                section UInt16, subsection UInt16, unit UInt16, section_with_name String, subsection_id String,
                subsection_with_name String, unit_id String
            )'), block_type = 'vertical' and subsection_id != ''
    ) as pages,
    now64(6, 'UTC') as version
from {{ ref("published_blocks") }}
where (org, course_key) in (select org, course_key from {{ ref("course_outlines_taken") }})
group by org, course_key
