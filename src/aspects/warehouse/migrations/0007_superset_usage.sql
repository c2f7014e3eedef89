-- How Superset itself is used. Superset's own database has passwords and sessions beside these facts, so it is never
-- read by charts: Superset copies them here, numbers without names.
create table if not exists reporting.{{ local("superset_actions") }} {{ on_cluster }} (
    happened_at DateTime64(6, 'UTC'),
    action_id UInt64 comment 'The number in the log of Superset',
    user_id UInt32 comment 'The number of the person in Superset; 0 for a guest',
    action LowCardinality(String) comment 'dashboard opened, chart loaded or query run',
    dashboard_id UInt32 comment '0 when it was not on a dashboard',
    chart_id UInt32 comment '0 when it was no chart',
    milliseconds UInt32 comment 'How long Superset took to answer'
)
engine = {{ engine("ReplacingMergeTree") }}
order by (happened_at, action_id);

{{ distributed("reporting", "superset_actions", "action_id") }}

create table if not exists reporting.{{ local("superset_users") }} {{ on_cluster }} (
    user_id UInt32,
    registered_at DateTime64(6, 'UTC'),
    seen_at DateTime64(3, 'UTC') default now64(3, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "seen_at") }}
order by user_id;

{{ distributed("reporting", "superset_users", "user_id") }}

create table if not exists reporting.{{ local("superset_titles") }} {{ on_cluster }} (
    kind LowCardinality(String) comment 'dashboard or chart',
    object_id UInt32 comment 'The number of the dashboard or chart in Superset',
    title String,
    seen_at DateTime64(3, 'UTC') default now64(3, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "seen_at") }}
order by (kind, object_id);

{{ distributed("reporting", "superset_titles", "object_id") }}
