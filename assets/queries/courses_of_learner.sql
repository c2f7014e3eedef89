{% if filter_values("actor_id") and not filter_values("course_name") %}
    -- What others do in courses that the learner is not in is no part of any average.
    and course_key in (select course_key from learner_keys where actor_id in {{ filter_values("actor_id") | where_in }})
{% endif %}
