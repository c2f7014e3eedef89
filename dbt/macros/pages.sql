{#- The position in a sequence that a navigation leads to; 0 where there is none: positions count from 1. -#}
{% macro reached_position() -%}
    {%- set left = "toFloat64OrNull(navigated_from)" -%}
    {%- set reached -%}
        multiIf(
            navigated_to = 'next unit',
            {{ left }} + 1,
            navigated_to = 'previous unit',
            {{ left }} - 1,
            toFloat64OrNull(navigated_to)
        )
    {%- endset -%}
    if(
        block_type(block_id) = 'sequential' and {{ reached }} between 1 and 65535,
        toUInt16(assumeNotNull({{ reached }})),
        toUInt16(0)
    )
{%- endmacro %}

{#- Each visit that led to a page which the course has now, as `visits`, and that page, as `pages`. -#}
{% macro visits_of_pages() -%}
    {{ everywhere(ref("rollup_page_visits")) }} as visits
    inner join
        {{ ref("pages_by_key") }} as pages
        on page_key(visits.course_key, visits.block_id, visits.position) = pages.page_key
{%- endmacro %}
