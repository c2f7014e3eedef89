-- People by the day on which they registered in Superset. What was before the dashboard's range counts on its first
-- day, so that the sum up to a day is the number of people at its end; a 0 on the last day makes the line reach the
-- end.
with
    registrations as (
        select toDate(registered_at) as day
        from superset_registrations
        {% if to_dttm %}
            where day <= toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second)
        {% endif %}
    )
select
    {% if from_dttm %} greatest(day, toDate(parseDateTimeBestEffort('{{ from_dttm }}', 'UTC')))
    {% else %} day
    {% endif %} as registered_on,
    count() as people
from registrations
group by registered_on
union all
select
    {% if to_dttm %}
        least(toDate(now('UTC')), toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second))
    {% else %} toDate(now('UTC'))
    {% endif %} as registered_on,
    toUInt64(0) as people
