{% if filter_values("course_key") %}
    and course_key in {{ filter_values("course_key") | where_in }}
    -- Tables are sorted by the organization first.
    and org in (
        {% for key in filter_values("course_key") %}
            course_org({{ [key] | where_in }}) {% if not loop.last %},{% endif %}
        {% endfor %}
    )
{% endif %}
