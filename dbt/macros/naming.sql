{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- Everything dbt builds is in one database: dashboards name it. -#}
    {{ target.schema }}
{%- endmacro %}
