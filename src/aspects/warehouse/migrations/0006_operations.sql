-- What retention has deleted: whoever builds a table anew from what is left must know what is missing.
create table if not exists reporting.{{ local("deletions") }} {{ on_cluster }} (
    deleted_at DateTime64(3, 'UTC') default now64(3, 'UTC'),
    table_name LowCardinality(String) comment 'The table as database.table',
    partition String comment 'The partition, empty where rows were deleted',
    rows UInt64,
    bytes UInt64 comment 'On disk, compressed',
    oldest Date comment 'Day of the oldest row in UTC',
    newest Date comment 'Day of the newest row in UTC'
)
engine = {{ engine("MergeTree") }}
order by (table_name, deleted_at);

{{ distributed("reporting", "deletions", "rand()") }}

-- How long each table took to build: the next announcement of a rebuild estimates from it.
create table if not exists reporting.{{ local("builds") }} {{ on_cluster }} (
    built_at DateTime64(3, 'UTC') default now64(3, 'UTC'),
    model LowCardinality(String),
    rows UInt64 comment 'Rows of the tables that it was made of',
    seconds Float64
)
engine = {{ engine("MergeTree") }}
order by (model, built_at);

{{ distributed("reporting", "builds", "rand()") }}

-- How large each table was at the end of each day on which the stack ran.
create table if not exists reporting.{{ local("table_sizes_seen") }} {{ on_cluster }} (
    day Date,
    database_name LowCardinality(String),
    table_name LowCardinality(String),
    rows UInt64,
    bytes_on_disk UInt64,
    seen_at DateTime64(3, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "seen_at") }}
order by (day, database_name, table_name);

{{ distributed("reporting", "table_sizes_seen", "rand()") }}
