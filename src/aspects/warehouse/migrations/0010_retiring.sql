-- Identifiers of learners who are being taken out (`./inv users.retire`), and what stands in their place afterwards.
-- Queries name this table and no identifier, so no log keeps one; it is empty but while a learner is taken out.
create table if not exists xapi.{{ local("retiring") }} {{ on_cluster }} (
    kind LowCardinality(String),
    found String,
    becomes String,
    user_id UInt64
)
engine = {{ engine("ReplacingMergeTree") }}
order by (kind, found, user_id);

{{ distributed("xapi", "retiring", "cityHash64(found)") }}

-- Their statements without the identifiers, until they are stored in place of the old ones.
create table if not exists xapi.{{ local("retiring_statements") }} {{ on_cluster }} (
    event_id UUID,
    emission_time DateTime64(6),
    event String codec(ZSTD(1))
)
engine = {{ engine("ReplacingMergeTree") }}
order by (emission_time, event_id);

{{ distributed("xapi", "retiring_statements", "cityHash64(event_id)") }}

-- Who is who, as the LMS has ever said: when the LMS retires a user it deletes profile and external ids itself, and
-- what
-- is left here says which statements are theirs. Retiring empties it of them.
create table if not exists event_sink.{{ local("learner_identifiers") }} {{ on_cluster }} (
    user_id UInt64,
    username String,
    email String,
    name String,
    external_user_id String
)
engine = {{ engine("ReplacingMergeTree") }}
order by (user_id, username, email, name, external_user_id);

{{ distributed("event_sink", "learner_identifiers", "user_id") }}

create materialized view if not exists event_sink.profile_identifiers_trigger {{ on_cluster }}
to event_sink.{{ local("learner_identifiers") }}
as select user_id, username, email, name, '' as external_user_id
from event_sink.{{ local("user_profile") }};

create materialized view if not exists event_sink.external_identifiers_trigger {{ on_cluster }}
to event_sink.{{ local("learner_identifiers") }}
as select user_id, username, '' as email, '' as name, toString(external_user_id) as external_user_id
from event_sink.{{ local("external_id") }};

insert into event_sink.learner_identifiers
select user_id, username, email, name, ''
from event_sink.user_profile;

insert into event_sink.learner_identifiers
select user_id, username, '', '', toString(external_user_id)
from event_sink.external_id;
