-- A key means one section, one subsection, one block or one page.
with
    keys as (
        select 'place' as kind, section_key as part_key, (course_key, toString(section), toUInt16(0)) as part
        from {{ ref("blocks") }}
        union all
        select 'place' as kind, subsection_key as part_key, (course_key, toString(section), subsection) as part
        from {{ ref("blocks") }}
        union all
        select 'block' as kind, block_key(course_key, block_id) as part_key, (course_key, block_id, toUInt16(0)) as part
        from {{ ref("blocks") }}
        union all
        select
            'page' as kind,
            page_key(course_key, place_id, place_position) as part_key,
            (course_key, place_id, place_position) as part
        from {{ ref("unit_places") }}
    )
select kind, part_key
from keys
group by kind, part_key
having uniqExact(part) > 1
