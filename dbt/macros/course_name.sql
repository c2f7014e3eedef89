{#- The name of a course; its key until it is published. -#}
{% macro course_name(course_key) -%}
    {%- do ref("course_names") -%}
    {%- set name = "dictGet('" ~ target.schema ~ ".course_names', 'course_name', " ~ course_key ~ ")" -%}
    {#- Not dictGetOrDefault: with two arguments that vary it looks each row up, and not each course. -#}
    if({{ name }} = '', {{ course_key }}, {{ name }})
{%- endmacro %}

{#- A dictionary cannot replace a view of its name. -#}
{% macro drop_if_view() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type == "view" -%} drop view {{ this }} {{ rollup_on_cluster() }} sync
    {%- endif -%}
{%- endmacro %}
