{% macro replacing(version="") -%}
    {#- Rows of one key collapse to one: the row that came last, or the one with the highest version. -#}
    {{ "Replicated" if target.cluster }}ReplacingMergeTree({{ version }})
{%- endmacro %}

{% macro collapsing(sign) -%}
    {#- A row and its counterpart with the sign -1 annihilate each other. -#}
    {{ "Replicated" if target.cluster }}CollapsingMergeTree({{ sign }})
{%- endmacro %}

{% macro aggregating() -%}
    {#- Rows of one key merge their aggregate states. -#}
    {{ "Replicated" if target.cluster }}AggregatingMergeTree
{%- endmacro %}
