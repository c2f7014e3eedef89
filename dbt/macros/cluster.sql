{#- A table of ours as a reader sees it: on a cluster, the rows of every shard. -#}
{% macro everywhere(relation) -%}
    {%- if target.cluster -%}
        cluster('{{ target.cluster }}', '{{ relation.schema }}', '{{ relation.identifier }}')
    {%- else -%} {{ relation }}
    {%- endif -%}
{%- endmacro %}
