-- How far the tables that are refreshed are behind the rows that they are made of.
{%- set refreshed = ["course_outlines", "answered_problems", "video_watching"] %}

with
    waiting_rows as (
        {% for table in refreshed %}
            select '{{ table }}' as refreshed_table, dirty_since
            from {{ everywhere(ref(table ~ "_dirty")) }}
            where sign = 1 settings final = 1
            {% if not loop.last %}
                union all
            {% endif %}
        {% endfor %}
    ),
    waiting as (
        select refreshed_table, count() as waiting, min(dirty_since) as oldest
        from waiting_rows
        group by refreshed_table
    )
select
    tables.refreshed_table as refreshed_table,
    waiting.waiting as waiting,
    if(waiting.waiting = 0, null, waiting.oldest) as oldest,
    if(
        waiting.waiting = 0, 0, greatest(0, dateDiff('millisecond', waiting.oldest, now64(3, 'UTC')) / 1000)
    ) as lag_seconds
from (select arrayJoin({{ refreshed }}) as refreshed_table) as tables
left join waiting on tables.refreshed_table = waiting.refreshed_table
