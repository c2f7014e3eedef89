{% if from_dttm %} and day >= toDate(parseDateTimeBestEffort('{{ from_dttm }}', 'UTC')) {% endif %}
{% if to_dttm %} and day <= toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second) {% endif %}
