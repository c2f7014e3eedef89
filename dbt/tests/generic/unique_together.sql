{#- No two rows have the same values in these columns: together they are the key. -#}
{% test unique_together(model, columns) %}
    select {{ columns | join(", ") }}, count() as found
    from {{ model }}
    group by {{ columns | join(", ") }}
    having found > 1
{% endtest %}
