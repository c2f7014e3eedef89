and {{ can_view_courses() }}
{% if filter_values("org") %} and org in {{ filter_values("org") | where_in }} {% endif %}
{% if filter_values("course_name") or filter_values("course_run") %}
    and course_key in (
        select course_key
        from courses
        where
            true
            {% if filter_values("course_name") %}
                and course_name in {{ filter_values("course_name") | where_in }}
            {% endif %}
            {% if filter_values("course_run") %}
                and course_run in {{ filter_values("course_run") | where_in }}
            {% endif %}
    )
{% endif %}
{% if filter_values("tag") %}
    and course_key in (select course_key from course_tags where tag in {{ filter_values("tag") | where_in }})
{% endif %}
