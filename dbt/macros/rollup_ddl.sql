{% macro rollup_on_cluster() -%}
    {{ " on cluster '" ~ target.cluster ~ "'" if target.cluster }}
{%- endmacro %}


{% macro rollup_create_table(relation, sql) -%}
    {% call statement("create_" ~ relation.identifier) %}
        create table {{ relation }} {{ rollup_on_cluster() }}
        engine = {{ config.require("engine") }}
        {% if config.get("partition_by") %} partition by {{ config.get("partition_by") }}
        {% endif %}
        order by {{ config.require("order_by") }}
        {% if config.get("table_settings") %} settings {{ config.get("table_settings") }}
        {% endif %}
        empty as {{ sql }}
    {% endcall %}
    {#- How columns are compressed changes neither rows nor their shape: a table gets it when it is built anew. -#}
    {% for column, codec in (config.get("codecs") or {}).items() %}
        {% do run_query(
            "alter table "
            ~ relation
            ~ rollup_on_cluster()
            ~ " modify column "
            ~ column
            ~ " codec("
            ~ codec
            ~ ")"
        ) %}
    {% endfor %}
{%- endmacro %}


{% macro rollup_create_trigger(name, relation, sql) -%}
    {% call statement("create_" ~ name) %}
        create materialized view {{ relation.schema }}.{{ name }} {{ rollup_on_cluster() }} to {{ relation }}
        {# It runs with dbt's rights: who writes statements may not read what is made of them. #}
        definer = current_user sql security definer
        as {{ sql }}
    {% endcall %}
{%- endmacro %}


{% macro rollup_drop_trigger(name) -%}
    {% do run_query("drop view if exists " ~ this.schema ~ "." ~ name ~ rollup_on_cluster() ~ " sync") %}
{%- endmacro %}


{% macro rollup_insert(relation, rows) -%}
    insert into {{ relation }} select * from {{ rows }}
{%- endmacro %}
