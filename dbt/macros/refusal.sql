{#-
    Why a statement cannot be used; nothing when it can. Times outside a century around Open edX are refused: they are
    broken clocks, and no chart has room for them.
-#}
{% macro refusal_of(event, statement) -%}
    {%- set in_range = "statement_time between '2000-01-01 00:00:00' and '2099-12-31 23:59:59.999999'" -%}
    {%- set is_object = "startsWith(trimLeft(" ~ event ~ "), '{')" -%}
    {%- set is_used = [
        "statement_id is not null",
        in_range,
        "actor != ''",
        "position(verb, ':') > 0",
        "object != ''",
        is_object,
    ] | join(" and ") -%}
    multiIf(
        {{ is_used }},
        '',
        {#- The JSON is read a second time only where something is amiss. -#}
        not isValidJSON(if({{ is_used }}, '{}', {{ event }})),
        'invalid JSON',
        not {{ is_object }},
        'not an object',
        {{ statement }}.id = '',
        'no id',
        statement_id is null,
        'id is no UUID',
        {{ statement }}.timestamp = '',
        'no timestamp',
        statement_time is null,
        'timestamp is no time',
        not {{ in_range }},
        'timestamp out of range',
        actor = '',
        'no actor',
        verb = '',
        'no verb',
        position(verb, ':') = 0,
        'verb is no IRI',
        object = '' and {{ statement }}.object.objectType not in ('Agent', 'Group', 'SubStatement'),
        'no object',
        ''
    )
{%- endmacro %}
