-- Who did what in Superset, people as numbers. A dashboard or chart has the title that it has now.
with
    actions as (select distinct * from {{ everywhere(source("operations", "superset_actions")) }}),
    titles as (
        select kind, object_id, argMax(title, seen_at) as title
        from {{ everywhere(source("operations", "superset_titles")) }}
        group by kind, object_id
    ),
    dashboards as (select object_id, title from titles where kind = 'dashboard'),
    charts as (select object_id, title from titles where kind = 'chart')
select
    actions.happened_at as happened_at,
    actions.action_id as action_id,
    actions.user_id as user_id,
    actions.action as action,
    dashboards.title as dashboard,
    charts.title as chart,
    actions.milliseconds / 1000 as seconds
from actions
left join dashboards on actions.dashboard_id = dashboards.object_id
left join charts on actions.chart_id = charts.object_id
