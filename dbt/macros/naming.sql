{% macro generate_schema_name(custom_schema_name, node) -%}
    {#- Everything dbt builds is in one database: dashboards name it. -#}
    {{ target.schema }}
{%- endmacro %}

{% macro padded(number) -%}
    leftPad(
        toString({{ number }}), length(toString(max({{ number }}) over (partition by org, course_key))), '0'
    )
{%- endmacro %}
