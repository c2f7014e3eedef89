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

{#-
    Settings of a table whose rows charts read by key, with `final`. Its parts become one some hours after they were
    written, whatever their sizes: over a dozen parts charts take 1.4 times as long. Several times a day a table is so
    written anew; more often would cost more than it saves.
-#}
{% macro merged_within_hours() -%}
    default_compression_codec = 'ZSTD(1)', index_granularity = 1024, min_age_to_force_merge_seconds = 21600
{%- endmacro %}
