and {{ can_view_courses() }}
{% if filter_values("course_key") %} and course_key in {{ filter_values("course_key") | where_in }} {% endif %}
{% if filter_values("block_id") %} and block_id in {{ filter_values("block_id") | where_in }} {% endif %}
