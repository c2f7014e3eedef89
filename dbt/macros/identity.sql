{#-
    Who a statement is about and where it belongs.

    These use as few conditions as can be, and regular expressions only on values that repeat: a condition inside a
    condition makes ClickHouse copy the rows of each branch, and a regular expression costs as much as the JSON.
-#}
{#- What stands before the first / ? or # of a text. -#}
{% macro first_segment(text) -%}
    substringIndex(substringIndex(substringIndex({{ text }}, '/', 1), '?', 1), '#', 1)
{%- endmacro %}

{#-
    The id that names the course: the parent when it is a course; what groups the parent when the parent is something
    else; the object when there is no parent.
-#}
{% macro course_id_of(statement) -%}
    {%- set parent = statement ~ ".context.contextActivities.parent[1]" -%}
    {%- set grouping = statement ~ ".context.contextActivities.grouping[1]" -%}
    multiIf(
        tupleElement(tupleElement({{ parent }}, 'definition'), 'type')
        = 'http://adlnet.gov/expapi/activities/course',
        tupleElement({{ parent }}, 'id'),
        tupleElement({{ parent }}, 'id') != '' and tupleElement({{ grouping }}, 'id') != '',
        tupleElement({{ grouping }}, 'id'),
        {{ statement }}.object.id
    )
{%- endmacro %}

{#- The block of an id, without what stands before and behind it: /xblock/, /jump_to/, /answer, /hint/1. -#}
{% macro block_of(id) -%}
    {%- set start = "position(" ~ id ~ ", 'block-v1:')" -%}
    {%- set before = "left(" ~ id ~ ", " ~ start ~ " - 1)" -%}
    {%- set block = "substring(" ~ id ~ ", " ~ start ~ " - 4 * endsWith(" ~ before ~ ", 'ccx-'))" -%}
    if({{ start }} = 0, '', {{ first_segment(block) }})
{%- endmacro %}

{#- A question of a problem has the problem's id and a suffix: …block@ID_2_1. -#}
{% macro block_without_question(block, is_problem) -%}
    if({{ is_problem }}, replaceRegexpOne({{ block }}, '_[0-9]+_[0-9]+$', ''), {{ block }})
{%- endmacro %}

{% macro question_of(block) -%} extract({{ block }}, '_([0-9]+_[0-9]+)$') {%- endmacro %}

{#-
    The key of the course that an id names or belongs to: course-v1:ORG+COURSE+RUN, or ccx-v1:ORG+COURSE+RUN+ccx@N.
    Nothing when it is about no course. The id of a block may have the key of its course whole, with its prefix.
    `course_id` must have low cardinality: each step is then done once for each course, and not for each statement.
-#}
{% macro course_key_of(course_id) -%}
    {%- set named = "extract(" ~ course_id ~ ", '((?:ccx-|course-|ccx-block-|block-)v1:[^/?#]+)')" -%}
    {%- set of_course = "replaceRegexpOne(" ~ named ~ ", '[+]type@.*$', '')" -%}
    {%- set of_ccx = "replaceRegexpOne(" ~ of_course ~ ", '^ccx-block-v1:(?:ccx-v1:)?', 'ccx-v1:')" -%}
    replaceRegexpOne({{ of_ccx }}, '^block-v1:(?:course-v1:)?', 'course-v1:')
{%- endmacro %}

{#- Pass and Fail, as the grade classification has them. -#}
{% macro result_state(classification) -%}
    transform(
        lower({{ classification }}),
        ['pass', 'passed', 'fail', 'failed'],
        ['passed', 'passed', 'failed', 'failed'],
        ''
    )
{%- endmacro %}
