{#- Seconds into a video that can be true. Positions come from browsers: one of a hundred hours is no position. -#}
{% macro seconds_or_null(seconds) -%} if({{ seconds }} between 0 and 360000, {{ seconds }}, null) {%- endmacro %}
