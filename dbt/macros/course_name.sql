{#- The name of a course; its key until it is published. -#}
{% macro course_name(course_key) -%}
    {%- do ref("course_names") -%}
    dictGetOrDefault('{{ target.schema }}.course_names', 'course_name', {{ course_key }}, {{ course_key }})
{%- endmacro %}

{#- A dictionary cannot replace a view of its name. -#}
{% macro drop_if_view() -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- if existing is not none and existing.type == "view" -%} drop view {{ this }} {{ rollup_on_cluster() }} sync
    {%- endif -%}
{%- endmacro %}
