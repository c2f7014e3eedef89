{#- Seconds into a video that can be true. Positions come from browsers: one of a hundred hours is no position. -#}
{% macro seconds_or_null(seconds) -%}
    if({{ seconds }} between 0 and 360000, {{ seconds }}, null)
{%- endmacro %}

{#-
    The videos of each course's latest publish, with the section and subsection that they are in. The number of a
    section or subsection is part of its name, as in 2:1 - Cells.
-#}
{% macro videos_of_courses() -%}
    select
        videos.org as org,
        videos.course_key as course_key,
        videos.block_id as block_id,
        any(subsections.block_id) as subsection_id,
        concat(toString(videos.section), ':0 - ', any(sections.block_name)) as section_with_name,
        concat(
            toString(videos.section), ':', toString(videos.subsection), ' - ', any(subsections.block_name)
        ) as subsection_with_name
    from ({{ latest_blocks("video") }}) as videos
    left join
        ({{ latest_blocks("chapter") }}) as sections
        on videos.course_key = sections.course_key
        and videos.section = sections.section
    left join
        ({{ latest_blocks("sequential") }}) as subsections
        on videos.course_key = subsections.course_key
        and videos.section = subsections.section
        and videos.subsection = subsections.subsection
    group by org, course_key, block_id, videos.section, videos.subsection
{%- endmacro %}

{#- Blocks of one type in each course's latest publish; those that it no longer holds keep an older dump. -#}
{% macro latest_blocks(type) -%}
    select
        org,
        toLowCardinality(course_key) as course_key,
        location as block_id,
        display_name as block_name,
        JSONExtractUInt(xblock_data_json, 'section') as section,
        JSONExtractUInt(xblock_data_json, 'subsection') as subsection
    from {{ source("event_sink_blocks", "course_blocks") }} final
    where
        JSONExtractString(xblock_data_json, 'block_type') = '{{ type }}'
        and (course_key, dump_id) in (
            select course_key, argMax(dump_id, time_last_dumped)
            from {{ source("event_sink_blocks", "course_blocks") }}
            group by course_key
        )
{%- endmacro %}
