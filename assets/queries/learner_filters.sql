{% if filter_values("actor_id") %} and actor_id in {{ filter_values("actor_id") | where_in }} {% endif %}
-- % if at_risk is defined
-- Many learners are at risk: pairs of numbers are found among them twice as fast as pairs of texts.
and (cityHash64(course_key), cityHash64(actor_id)) in (
    select cityHash64(course_key), cityHash64(actor_id) from at_risk_keys where true
-- % include "course_filters"
)
-- % endif
