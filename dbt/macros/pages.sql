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
