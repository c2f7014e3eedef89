-- A key means one section or one subsection.
with
    keys as (
        select section_key as place_key, (course_key, section, toUInt16(0)) as place
        from {{ ref("blocks") }}
        union all
        select subsection_key as place_key, (course_key, section, subsection) as place
        from {{ ref("blocks") }}
    )
select place_key
from keys
group by place_key
having uniqExact(place) > 1
