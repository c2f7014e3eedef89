{#- A scaled score as a percentage: what is beyond the ends is at the end. -#}
{% macro percent_of(score) -%} greatest(0, least(100, 100 * {{ score }})) {%- endmacro %}

{#- The ten percent that a percentage is in: its lower end belongs to it, and 100 to the last one. -#}
{% macro ten_percent(percent) -%}
    {%- set low = "10 * least(9, intDiv(toUInt8(round(" ~ percent ~ ", 6)), 10))" -%}
    concat(toString({{ low }}), '-', toString({{ low }} + if({{ low }} = 90, 10, 9)))
{%- endmacro %}
