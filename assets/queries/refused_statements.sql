-- Statements that were refused, by day and reason. With none there is one row that says so.
with
    refused as (
        select reason, toDate(refused_at, 'UTC') as day, count() as statements
        from refused_statements
        where
            true
            {% if from_dttm %} and refused_at >= parseDateTimeBestEffort('{{ from_dttm }}', 'UTC') {% endif %}
            {% if to_dttm %} and refused_at < parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') {% endif %}
        group by reason, day
    )
select reason, day, statements
from refused
union all
select 'Nothing was refused' as reason, toDate(now('UTC')) as day, toUInt64(0) as statements
where (select count() from refused) = 0
