-- Statements lie in order of time: the differences of their times take half the room.
alter table xapi.{{ local("xapi_events_all") }} {{ on_cluster }}
modify column emission_time DateTime64(6) codec(Delta, ZSTD(1));
