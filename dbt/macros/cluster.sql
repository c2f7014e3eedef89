{#- A table of ours as a reader sees it: on a cluster, the rows of every shard. -#}
{% macro everywhere(relation) -%}
    {%- if target.cluster -%}
        cluster('{{ target.cluster }}', '{{ relation.schema }}', '{{ relation.identifier }}')
    {%- else -%} {{ relation }}
    {%- endif -%}
{%- endmacro %}

{#-
    Rows of one key as one, whatever ClickHouse has merged of them already: `settings final = 1`. On a cluster rows of
    one key are on several shards, which final does not know of, so they are grouped. `merged` is a column whose largest
    value counts, `newest` one that counts as of the newest version of its row.

    `merged` reads a column whole: with final, an element of a tuple that is read by itself is not merged, but taken
    from any of the rows.
-#}
{% macro one_row_for_each(keys) -%}
    {%- if target.cluster -%} group by {{ keys }} {%- else -%} settings final = 1 {%- endif -%}
{%- endmacro %}

{% macro merged(column) -%}
    {%- if target.cluster -%} max({{ column }}) {%- else -%} materialize({{ column }}) {%- endif -%}
{%- endmacro %}

{% macro newest(column) -%}
    {%- if target.cluster -%} argMax({{ column }}, version) {%- else -%} {{ column }} {%- endif -%}
{%- endmacro %}
