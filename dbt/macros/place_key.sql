{#- A key of a section, a subsection or a unit that no other has, in any course: short where ids and names are long. -#}
{% macro place_key(numbers) -%} sipHash128(org, course_key, {{ numbers | join(", ") }}) {%- endmacro %}
