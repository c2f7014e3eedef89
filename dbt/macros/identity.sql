{#- An id that came percent-encoded, as plain text. -#}
{% macro decoded(id) -%}
    if(position({{ id }}, '%') > 0, decodeURLComponent({{ id }}), {{ id }})
{%- endmacro %}

{#-
    The id that names the course: the parent when it is a course; what groups the parent when the parent is something
    else; the object when there is no parent.
-#}
{% macro course_id_of(statement) -%}
    {%- set parent = statement ~ ".context.contextActivities.parent[1]" -%}
    {%- set grouping = statement ~ ".context.contextActivities.grouping[1]" -%}
    multiIf(
        tupleElement(tupleElement({{ parent }}, 'definition'), 'type') = 'http://adlnet.gov/expapi/activities/course',
        tupleElement({{ parent }}, 'id'),
        tupleElement({{ parent }}, 'id') != '' and tupleElement({{ grouping }}, 'id') != '',
        tupleElement({{ grouping }}, 'id'),
        {{ statement }}.object.id
    )
{%- endmacro %}

{#- The block of an id, without what stands before and behind it: /answer, /hint/1, /xblock/, /jump_to/. -#}
{% macro block_of(id) -%}
    if(position({{ id }}, 'block-v1:') > 0, extract({{ id }}, '(?:ccx-)?block-v1:[^/?#]+'), '')
{%- endmacro %}

{#- A question of a problem has the problem's id and a suffix: …block@ID_2_1. -#}
{% macro block_without_question(block, is_problem) -%}
    if({{ is_problem }}, replaceRegexpOne({{ block }}, '_[0-9]+_[0-9]+$', ''), {{ block }})
{%- endmacro %}

{% macro question_of(block) -%}
    extract({{ block }}, '_([0-9]+_[0-9]+)$')
{%- endmacro %}

{#-
    The key in a course id, or else the key that the block carries: course-v1:ORG+COURSE+RUN, or
    ccx-v1:ORG+COURSE+RUN+ccx@N. Nothing when the statement is about no course.
-#}
{% macro course_key_of(course_id, block) -%}
    {%- set pattern = "'(?:course|ccx)-v1:[^/?#]+'" -%}
    multiIf(
        position({{ course_id }}, '-v1:') > 0 and position({{ course_id }}, 'block-v1:') = 0,
        extract({{ course_id }}, {{ pattern }}),
        match({{ course_id }}, '(?:course|ccx)-v1:[^/?#]+/'),
        extract({{ course_id }}, {{ pattern }}),
        {{ block }} = '', '',
        concat(
            if(startsWith({{ block }}, 'ccx-'), 'ccx-v1:', 'course-v1:'),
            extract({{ block }}, '^(?:ccx-)?block-v1:(?:(?:course|ccx)-v1:)?(.+?)(?:[+]type@|$)')
        )
    )
{%- endmacro %}

{#- Pass and Fail, as the grade classification has them. -#}
{% macro result_state(classification) -%}
    transform(lower({{ classification }}), ['pass', 'passed', 'fail', 'failed'], ['passed', 'passed', 'failed', 'failed'], '')
{%- endmacro %}

{#-
    Why a statement cannot be used; nothing when it can. Times outside a century around Open edX are refused: they are
    broken clocks, and no chart has room for them.
-#}
{% macro refusal_of(event, statement) -%}
    multiIf(
        statement_id is not null
        and statement_time between '2000-01-01 00:00:00' and '2099-12-31 23:59:59.999999'
        and actor != '' and position(verb, ':') > 0 and object != ''
        and startsWith(trimLeft({{ event }}), '{'), '',
        not isValidJSON({{ event }}), 'invalid JSON',
        not startsWith(trimLeft({{ event }}), '{'), 'not an object',
        {{ statement }}.id = '', 'no id',
        statement_id is null, 'id is no UUID',
        {{ statement }}.timestamp = '', 'no timestamp',
        statement_time is null, 'timestamp is no time',
        statement_time not between '2000-01-01 00:00:00' and '2099-12-31 23:59:59.999999', 'timestamp out of range',
        actor = '', 'no actor',
        verb = '', 'no verb',
        position(verb, ':') = 0, 'verb is no IRI',
        object = '' and {{ statement }}.object.objectType not in ('Agent', 'Group', 'SubStatement'), 'no object',
        ''
    )
{%- endmacro %}
