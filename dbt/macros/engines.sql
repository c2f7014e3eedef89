{% macro replacing(version="") -%}
    {#- Rows of one key collapse to one: the row that came last, or the one with the highest version. -#}
    {{ "Replicated" if target.cluster }}ReplacingMergeTree({{ version }})
{%- endmacro %}

{% macro aggregating() -%}
    {#- Rows of one key merge their aggregate states. -#}
    {{ "Replicated" if target.cluster }}AggregatingMergeTree
{%- endmacro %}
