and {{ can_view_courses() }}
-- % include "course_key_filter"
{% if filter_values("block_id") %} and block_id in {{ filter_values("block_id") | where_in }} {% endif %}
