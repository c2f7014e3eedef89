and {{ can_view_courses() }}
{% if filter_values("org") %} and org in {{ filter_values("org") | where_in }} {% endif %}
{% if filter_values("course_name") %}
    -- Tables are sorted by the organization first, then by the key.
    and (org, course_key) in (
        select course_org(course_key), course_key
        from course_names
        where
            course_name in {{ filter_values("course_name") | where_in }}
            {% if filter_values("course_run") %}
                and course_run(course_key) in {{ filter_values("course_run") | where_in }}
            {% endif %}
        -- The name of a course that was never published is its key.
        {% for name in filter_values("course_name") if name.startswith(("course-v1:", "ccx-v1:")) %}
            union all
            select course_org({{ [name] | where_in }}), {{ [name] | where_in }} as own_key
            {% if filter_values("course_run") %}
                where course_run(own_key) in {{ filter_values("course_run") | where_in }}
            {% endif %}
        {% endfor %}
    )
{% elif filter_values("course_run") %}
    and course_key in (select course_key from courses where course_run in {{ filter_values("course_run") | where_in }})
{% endif %}
{% if filter_values("tag") %}
    and course_key in (select course_key from course_tags where tag in {{ filter_values("tag") | where_in }})
{% endif %}
