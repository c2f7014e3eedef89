{% if filter_values("org") %} and org in {{ filter_values("org") | where_in }} {% endif %}
{% if filter_values("course_name") %} and course_name in {{ filter_values("course_name") | where_in }} {% endif %}
{% if filter_values("course_run") %} and course_run in {{ filter_values("course_run") | where_in }} {% endif %}
