{% if filter_values("tag") %}
    and course_key in (select course_key from course_tags where tag in {{ filter_values("tag") | where_in }})
{% endif %}
