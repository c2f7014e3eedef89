{#-
    What "latest" means in a learner's history: by time, and by id where times are equal. The id is compared as it is
    written; ClickHouse's own order of UUIDs begins with their second half.
-#}
{% macro history_order() -%} (event_time, UUIDToNum(event_id)) {%- endmacro %}

{#- The name of a course from the join with course_names; its key until it is published. -#}
{% macro course_name_or_key(course_key) -%}
    if(course_names.course_name = '', {{ course_key }}, course_names.course_name)
{%- endmacro %}
