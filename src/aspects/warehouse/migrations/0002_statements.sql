-- xAPI statements as they came: the only copy of the JSON.
-- The columns are what an LRS and a log shipper write, so their names, order and types are a contract.
-- A statement that is written again collapses: same time, same id.
create table if not exists xapi.{{ local("xapi_events_all") }} {{ on_cluster }} (
    event_id UUID,
    emission_time DateTime64(6),
    event String codec(ZSTD(1))
)
engine = {{ engine("ReplacingMergeTree") }}
partition by toYYYYMM(emission_time)
order by (emission_time, event_id);

{{ distributed("xapi", "xapi_events_all", "cityHash64(event_id)") }}
