{% if filter_values("actor_id") %} and actor_id in {{ filter_values("actor_id") | where_in }} {% endif %}
-- % if settings.pii
{% if filter_values("username") %}
    and actor_id in (select actor_id from learner_names where username in {{ filter_values("username") | where_in }})
{% endif %}
{% if filter_values("name") %}
    and actor_id in (select actor_id from learner_names where name in {{ filter_values("name") | where_in }})
{% endif %}
{% if filter_values("email") %}
    and actor_id in (select actor_id from learner_names where email in {{ filter_values("email") | where_in }})
{% endif %}
-- % endif
