-- Each block of each publish of a course, read once. Older publishes are kept: which one is the current
-- one is found out when a chart is read, so that a republish needs no rebuild.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        order_by="(org, course_key, published_at, dump_id, block_id)",
    )
}}

with parsed as (select *, JSONExtract(xblock_data_json, 'Tuple(
                    block_type String, detached UInt8, graded UInt8, section UInt16, subsection UInt16, unit UInt16
                )') as facts from {{ source("event_sink", "course_blocks") }})
select
    toLowCardinality(course_org(source.course_key)) as org,
    toLowCardinality(source.course_key) as course_key,
    time_last_dumped as published_at,
    dump_id,
    location as block_id,
    toLowCardinality(if(facts.block_type = '', block_type(location), facts.block_type)) as block_type,
    display_name as block_name,
    facts.graded != 0 as graded,
    -- What is not part of the course's outline, as a static page, has no place in it.
    if(facts.detached != 0, 0, facts.section) as section,
    if(facts.detached != 0, 0, facts.subsection) as subsection,
    if(facts.detached != 0, 0, facts.unit) as unit,
    `order` as position_in_course
from parsed as source
