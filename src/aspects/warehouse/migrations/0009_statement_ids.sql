-- Which statements are stored, found by id: raw statements lie in order of time, so an LRS that is asked whether it
-- has an id would read every one. The first 48 bits of an id are enough to say no; the month says where to look when
-- they are found, and lets old rows go with their statements. Sorted numbers pack to a few bytes.
create table if not exists xapi.{{ local("statement_ids") }} {{ on_cluster }} (
    id_start UInt64 codec(Delta, ZSTD(1)),
    month Date codec(ZSTD(1))
)
engine = {{ engine("ReplacingMergeTree") }}
partition by toYYYYMM(month)
order by id_start
settings index_granularity = 1024;

{{ distributed("xapi", "statement_ids", "id_start") }}

create materialized view if not exists xapi.statement_ids_trigger {{ on_cluster }}
to xapi.{{ local("statement_ids") }}
as select
    reinterpretAsUInt64(reverse(substring(UUIDToNum(event_id), 1, 6))) as id_start,
    toStartOfMonth(emission_time) as month
from xapi.{{ local("xapi_events_all") }};

insert into xapi.statement_ids
select reinterpretAsUInt64(reverse(substring(UUIDToNum(event_id), 1, 6))), toStartOfMonth(emission_time)
from xapi.xapi_events_all;

-- Statements that another one has voided (xAPI 1.0.3, part two, 2.3.2): the LRS shows them only when it is asked for
-- voided ones.
create table if not exists xapi.{{ local("voided_statements") }} {{ on_cluster }} (
    statement_id UUID,
    voided_by UUID
)
engine = {{ engine("ReplacingMergeTree") }}
order by (statement_id, voided_by);

{{ distributed("xapi", "voided_statements", "cityHash64(statement_id)") }}

create materialized view if not exists xapi.voided_statements_trigger {{ on_cluster }}
to xapi.{{ local("voided_statements") }}
as select
    assumeNotNull(toUUIDOrNull(JSONExtractString(event, 'object', 'id'))) as statement_id,
    event_id as voided_by
from xapi.{{ local("xapi_events_all") }}
where position(event, 'voided') > 0
    and JSONExtractString(event, 'verb', 'id') = 'http://adlnet.gov/expapi/verbs/voided'
    and JSONExtractString(event, 'object', 'objectType') = 'StatementRef'
    and toUUIDOrNull(JSONExtractString(event, 'object', 'id')) is not null;

insert into xapi.voided_statements
select assumeNotNull(toUUIDOrNull(JSONExtractString(event, 'object', 'id'))), event_id
from xapi.xapi_events_all
where position(event, 'voided') > 0
    and JSONExtractString(event, 'verb', 'id') = 'http://adlnet.gov/expapi/verbs/voided'
    and JSONExtractString(event, 'object', 'objectType') = 'StatementRef'
    and toUUIDOrNull(JSONExtractString(event, 'object', 'id')) is not null;
