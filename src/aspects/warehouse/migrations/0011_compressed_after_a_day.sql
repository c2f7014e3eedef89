-- An insert has no time to look far for what repeats. A day after statements were stored a part is written once more,
-- compressed harder and with a look 4 MB back: of the JSON a fifth less is left. Which statements those are is told by
-- when they were stored, and not by when they happened: history that is loaded is merged many times on its first day.
-- For statements that are here already that is when they happened.
alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
add column if not exists stored_at DateTime materialized toDateTime(emission_time) codec(Delta, ZSTD(1));

alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
materialize column stored_at
settings mutations_sync = 2;

alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
modify column stored_at DateTime materialized now() codec(Delta, ZSTD(1));

-- What is compressed anew is what has no codec of its own.
alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
modify column event String codec(Default);

alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
modify setting
    default_compression_codec = 'ZSTD(1)',
    min_compress_block_size = 4194304,
    max_compress_block_size = 4194304,
    materialize_ttl_recalculate_only = 1;

alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
modify ttl stored_at + interval 1 day recompress codec(ZSTD(9, 22));
