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

{#- Each visit that led to a page which the course has now, as `visits`, and that page, as `places`. -#}
{% macro visits_of_pages() -%}
    {{ everywhere(ref("rollup_page_visits")) }} as visits
    inner join
        {{ ref("unit_places") }} as places
        on visits.org = places.org
        and visits.course_key = places.course_key
        and visits.block_id = places.place_id
        and visits.position = places.place_position
    where visits.block_id != ''
{%- endmacro %}
