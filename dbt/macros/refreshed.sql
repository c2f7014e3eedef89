{#-
    A table of results that statements of several inserts make together, such as the play and the pause of a video.

    A trigger cannot make such a result: it sees one insert. So a model of this kind says in its SQL how the results
    of some keys are made anew, and is applied to the keys that have new rows (`./inv warehouse.refresh`):
    - <model>_dirty lists the rows that have come since, and <model>_taken those of the refresh that is under way;
    - <model>_refresh is a view, made here with the model's SQL: the results of the keys in <model>_taken;
    - the table itself keeps the version of each key's result that was made last.
    `made_of` in its configuration names the table of rows that the results are made of.
    docs/warehouse-refresh.md says why no order, no replay and no crash loses a row.

    The table is not filled here. A changed model, or a full refresh, makes every key dirty, and the refresh replaces the
    old results one by one; readers see a key's old result until its new one is there. Only where the columns have changed is the
    table begun anew.
-#}
{% materialization refreshed, adapter = "clickhouse" %}

    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set refresh_view = this.schema ~ "." ~ this.identifier ~ "_refresh" -%}
    {%- set fingerprint = rollup_fingerprint(sql) -%}
    {%- set columns = columns_fingerprint() -%}
    {%- set existing = kept_comment(this.identifier) -%}

    {% if existing == fingerprint ~ " " ~ columns and not should_full_refresh() %}
        {% call statement("main") -%} select 1 {%- endcall %} {{ return({"relations": [target_relation]}) }}
    {% endif %}

    {% if existing is none or not existing.endswith(" " ~ columns) %} {% do kept_create(target_relation, sql) %}
    {% endif %}
    {% call statement("main") -%}
        create or replace view {{ refresh_view }} {{ rollup_on_cluster() }}
        definer = current_user sql security definer
        as {{ sql }}
    {%- endcall %}
    {% do run_query(
        "insert into "
        ~ ref(this.identifier ~ "_dirty")
        ~ " select *, generateUUIDv4() as mark, now64(3, 'UTC') as dirty_since, toInt8(1) as sign from "
        ~ everywhere(ref(config.require("made_of")))
    ) %}
    {% do kept_set_comment(target_relation, fingerprint ~ " " ~ columns) %}

    {{ return({"relations": [target_relation]}) }}

{% endmaterialization %}


{#- A table that others fill, and that a run of dbt leaves alone unless its model has changed, or the types it selects. -#}
{% materialization kept, adapter = "clickhouse" %}

    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set fingerprint = rollup_fingerprint(sql) ~ " " ~ columns_fingerprint() -%}
    {% call statement("main") -%} select 1 {%- endcall %}
    {% if kept_comment(this.identifier) != fingerprint or should_full_refresh() %}
        {% do kept_create(target_relation, sql) %} {% do kept_set_comment(target_relation, fingerprint) %}
    {% endif %}
    {{ return({"relations": [target_relation]}) }}

{% endmaterialization %}


{% macro kept_comment(name) -%}
    {%- set found = run_query(
        "select comment from system.tables where database = '" ~ this.schema ~ "' and name = '" ~ name ~ "'"
    ) -%}
    {{ return(found.rows[0][0] if found.rows | length else none) }}
{%- endmacro %}

{% macro kept_set_comment(relation, comment) -%}
    {% do run_query("alter table " ~ relation ~ rollup_on_cluster() ~ " modify comment '" ~ comment ~ "'") %}
{%- endmacro %}

{% macro kept_create(relation, sql) -%}
    {% do drop_relation_if_exists(relation) %} {% do rollup_create_table(relation, sql) %}
{%- endmacro %}

{#- Changes whenever the columns of the model or its table's form would. -#}
{% macro columns_fingerprint() -%}
    {%- set described = run_query("describe (" ~ sql ~ ")") -%}
    {{
        return(
            local_md5(
                [
                    described.rows | map(attribute=0) | join(","),
                    described.rows | map(attribute=1) | join(","),
                    config.get("engine"),
                    config.get("order_by"),
                    config.get("table_settings"),
                ]
                | join("\n")
            )
        )
    }}
{%- endmacro %}
