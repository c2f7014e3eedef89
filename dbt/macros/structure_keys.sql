{#-
    A number that names a section or a subsection, by the numbers that say where it is. Blocks and pages have the functions
    block_key and page_key. That no two parts have the same is tested (tests/one_part_a_key.sql).
-#}
{% macro place_key(numbers) -%} sipHash64(org, course_key, {{ numbers | join(", ") }}) {%- endmacro %}

{#- What a section or a subsection is called, or another column of places_by_key. -#}
{% macro of_place(column, place_key) -%}
    {%- do ref("places_by_key") -%}
    dictGet('{{ target.schema }}.places_by_key', '{{ column }}', {{ place_key }})
{%- endmacro %}
