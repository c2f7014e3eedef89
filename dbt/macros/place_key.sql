{#-
    A key of a section or a subsection that no other has, in any course: short where ids and names are long. That no two
    have the same is tested (tests/one_place_a_key.sql).
-#}
{% macro place_key(numbers) -%} sipHash64(org, course_key, {{ numbers | join(", ") }}) {%- endmacro %}
