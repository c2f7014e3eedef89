{#-
    A table that a trigger fills with every insert into another table, and that holds what was stored before.

    dbt-clickhouse's own `materialized_view` fills its table first and makes the trigger afterwards, so a statement
    that arrives in between is lost; and it leaves a changed model's old rows as they were. Here
    - the trigger is made before the table is filled from the past. A row may so come twice, which is harmless:
      every table of this kind is safe under duplicates (docs/warehouse.md, the law of the warehouse);
    - the trigger's comment holds a fingerprint of the model, set when all is complete. The same fingerprint:
      nothing is done. Another one, or a run that died half-way: the table is built anew;
    - a new table is built aside, so readers see the old one until the new one is complete. A trigger follows its
      target's name, so statements that arrive during the exchange go to a third table, the tail, and from there
      into the new one;
    - tables that are filled from this one lose their trigger when it is exchanged, and are rebuilt in the same run.
-#}
{% materialization rollup, adapter = "clickhouse" %}

    {%- set target_relation = this.incorporate(type="table") -%}
    {%- set trigger_name = this.identifier ~ "_trigger" -%}
    {%- set fingerprint = rollup_fingerprint(sql) -%}
    {%- set existing = load_cached_relation(this) -%}

    {% if (
        existing is not none
        and not should_full_refresh()
        and rollup_live_fingerprint(trigger_name) == fingerprint
    ) %}
        {% call statement("main") -%} select 1 {%- endcall %} {{ return({"relations": [target_relation]}) }}
    {% endif %}

    {%- set building = target_relation.incorporate(path={"identifier": this.identifier ~ "__new"}) -%}
    {%- set tail = target_relation.incorporate(path={"identifier": this.identifier ~ "__tail"}) -%}
    {%- set building_trigger = building.identifier ~ "_trigger" -%}
    {%- set tail_trigger = tail.identifier ~ "_trigger" -%}
    {%- set readers = rollup_readers(target_relation) -%}
    {% do rollup_check_readers_are_selected(readers) %}

    {# What a run that died half-way may have left. #}
    {% for leftover in [building_trigger, tail_trigger] %} {% do rollup_drop_trigger(leftover) %} {% endfor %}
    {% do drop_relation_if_exists(building) %}
    {% do drop_relation_if_exists(tail) %}

    {# From here on every new row is in the table that is being built; then it is given the past. #}
    {% do rollup_create_table(building, sql) %}
    {% do rollup_create_trigger(building_trigger, building, sql) %}
    {% do rollup_wait_for_inserts() %}
    {% call statement("main") -%} {{ rollup_insert(building, "(" ~ sql ~ ")") }} {%- endcall %}

    {# The exchange. #}
    {% do rollup_create_table(tail, sql) %}
    {% do rollup_create_trigger(tail_trigger, tail, sql) %}
    {% do rollup_drop_trigger(building_trigger) %}
    {% do rollup_drop_trigger(trigger_name) %}
    {% for reader in readers %} {% do rollup_drop_trigger(reader) %} {% endfor %}
    {% if existing is none %}
        {% do run_query("rename table " ~ building ~ " to " ~ target_relation ~ rollup_on_cluster()) %}
    {% else %} {% do run_query("exchange tables " ~ building ~ " and " ~ target_relation ~ rollup_on_cluster()) %}
    {% endif %}
    {% do rollup_create_trigger(trigger_name, target_relation, sql) %}
    {% do rollup_drop_trigger(tail_trigger) %}
    {% do rollup_wait_for_inserts() %}
    {% do run_query(rollup_insert(target_relation, tail)) %}
    {% do run_query(
        "alter table "
        ~ target_relation.schema
        ~ "."
        ~ trigger_name
        ~ rollup_on_cluster()
        ~ " modify comment '"
        ~ fingerprint
        ~ "'"
    ) %}

    {% do drop_relation_if_exists(tail) %}
    {% do drop_relation_if_exists(building) %}

    {{ return({"relations": [target_relation]}) }}

{% endmaterialization %}


{% macro rollup_fingerprint(sql) -%}
    {#- Changes whenever the rows or the shape of the table would; how the SQL is laid out does not count. -#}
    {{
        return(
            local_md5(
                [
                    sql.split() | join(" "),
                    config.get("engine"),
                    config.get("order_by"),
                    config.get("partition_by"),
                    config.get("table_settings"),
                ]
                | join("\n")
            )
        )
    }}
{%- endmacro %}


{% macro rollup_live_fingerprint(trigger_name) -%}
    {%- set found = run_query(
        "select comment from system.tables where database = '"
        ~ this.schema
        ~ "' and name = '"
        ~ trigger_name
        ~ "'"
    ) -%}
    {{ return(found.rows[0][0] if found.rows | length else none) }}
{%- endmacro %}


{% macro rollup_readers(relation) -%}
    {#- Triggers of other tables that fire when rows come into this one. -#}
    {%- set found = run_query(
        "select arrayJoin(dependencies_table) from system.tables where database = '"
        ~ relation.schema
        ~ "' and name = '"
        ~ relation.identifier
        ~ "'"
    ) -%}
    {{ return(found.rows | map(attribute=0) | list) }}
{%- endmacro %}


{% macro rollup_check_readers_are_selected(readers) -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == "model" and (node.alias ~ "_trigger") in readers
        and node.unique_id not in selected_resources -%}
        {% do exceptions.raise_compiler_error(
            this.identifier
            ~ " has changed, and "
            ~ node.alias
            ~ " is filled from it: rebuild both, with --select "
            ~ this.identifier
            ~ "+"
        ) %}
    {%- endfor -%}
{%- endmacro %}


{% macro rollup_wait_for_inserts() -%}
    {#-
        An insert knows its triggers from its start. One that began before a trigger was made may end after the past
        was read, and would be missed: wait until all of those have ended, for ten minutes at most.
    -#}
    {%- set running -%}
        select query_id from system.processes where query_kind in ('Insert', 'AsyncInsertFlush')
    {%- endset -%}
    {%- set earlier = run_query(running).rows | map(attribute=0) | list -%}
    {%- if earlier -%}
        {%- set still_running -%}
            select count(), sleep(0.5) from system.processes
            where query_kind in ('Insert', 'AsyncInsertFlush') and query_id in ('{{ earlier | join("', '") }}')
        {%- endset -%}
        {%- set wait = namespace(over=false) -%}
        {%- for _ in range(1200) if not wait.over -%}
            {%- set wait.over = run_query(still_running).rows[0][0] | int == 0 -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
