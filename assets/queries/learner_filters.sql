{% if filter_values("actor_id") %} and actor_id in {{ filter_values("actor_id") | where_in }} {% endif %}
-- % if at_risk is defined
and (course_key, actor_id) in (
    select course_key, actor_id from learners where at_risk
-- % include "course_filters"
)
-- % endif
