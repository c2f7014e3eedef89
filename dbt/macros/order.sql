{#-
    What "latest" means in a learner's history: by time, and by id where times are equal. The id is compared as it is
    written; ClickHouse's own order of UUIDs begins with their second half.
-#}
{% macro history_order() -%} (event_time, UUIDToNum(event_id)) {%- endmacro %}

{#-
    The latest of some values in a learner's history, beside its time and id, as one plain value: the largest of two is
    the latest, so rows of one key merge to it in any order and however often they come, and nothing is left to do
    when it is read. A time of 0 says that there was none. `types` gives each value its name and type.
-#}
{% macro latest(values, types, when) -%}
    cast(
        maxIf((event_time, UUIDToNum(event_id), {{ values }}), {{ when }}),
        'SimpleAggregateFunction(max, Tuple(
            at DateTime64(6, \'UTC\'), id FixedString(16), {{ types }}
        ))'
    )
{%- endmacro %}

{#- Whether there is one. -#}
{% macro happened(latest) -%} {{ latest }}.at != toDateTime64(0, 6, 'UTC') {%- endmacro %}
