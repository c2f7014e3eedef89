-- The tags of each course, as the LMS sent them last.
with
    tags as (
        select
            id,
            argMax(object_id, time_last_dumped) as course_key,
            argMax(ifNull(taxonomy, 0), time_last_dumped) as taxonomy_id,
            argMax(_value, time_last_dumped) as tag,
            argMax(lineage, time_last_dumped) as lineage
        from {{ source("event_sink", "object_tag") }}
        group by id
    ),
    taxonomies as (
        select id, argMax(name, time_last_dumped) as taxonomy from {{ source("event_sink", "taxonomy") }} group by id
    )
select distinct
    toLowCardinality(course_org(tags.course_key)) as org,
    toLowCardinality(tags.course_key) as course_key,
    {{ course_name("toLowCardinality(tags.course_key)") }} as course_name,
    toLowCardinality(course_run(tags.course_key)) as course_run,
    taxonomies.taxonomy as taxonomy,
    tags.tag as tag,
    arrayStringConcat(JSONExtract(tags.lineage, 'Array(String)'), ' > ') as lineage
from tags
left join taxonomies on tags.taxonomy_id = taxonomies.id
-- Blocks and libraries have tags too.
where startsWith(tags.course_key, 'course-v1:') or startsWith(tags.course_key, 'ccx-v1:')
