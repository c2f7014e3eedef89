-- What the LMS knows. A live Open edX inserts CSV without naming columns, so the order of the columns is a
-- contract. Each thing is dumped again whenever it changes: the row that was dumped last stays.
-- Dates that the LMS may leave empty are text; the models that read them parse them.
create table if not exists event_sink.{{ local("course_overviews") }} {{ on_cluster }} (
    org String,
    course_key String,
    display_name String,
    course_start String,
    course_end String,
    enrollment_start String,
    enrollment_end String,
    self_paced Bool,
    course_data_json String,
    created String,
    modified String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by (org, course_key);

{{ distributed("event_sink", "course_overviews", "cityHash64(course_key)") }}

-- A block that a later publish removed keeps its older dump: the current structure of a course is the blocks
-- of its latest dump.
create table if not exists event_sink.{{ local("course_blocks") }} {{ on_cluster }} (
    org String,
    course_key String,
    location String,
    display_name String,
    xblock_data_json String,
    `order` Int32,
    edited_on String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by (org, course_key, location);

{{ distributed("event_sink", "course_blocks", "cityHash64(course_key)") }}

create table if not exists event_sink.{{ local("course_enrollment") }} {{ on_cluster }} (
    id UInt64,
    course_key String,
    created String,
    is_active Bool,
    mode String,
    username String,
    user_id UInt64,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by (course_key, id);

{{ distributed("event_sink", "course_enrollment", "cityHash64(course_key)") }}

-- Personal: filled only where the LMS is told to send it.
create table if not exists event_sink.{{ local("user_profile") }} {{ on_cluster }} (
    id UInt64,
    user_id UInt64,
    name String,
    username String,
    email String,
    meta String,
    courseware String,
    language String,
    location String,
    year_of_birth String,
    gender String,
    level_of_education String,
    mailing_address String,
    city String,
    country String,
    state String,
    goals String,
    bio String,
    profile_image_uploaded_at String,
    phone_number String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by user_id;

{{ distributed("event_sink", "user_profile", "user_id") }}

-- Personal: says which actor of the statements is which user.
create table if not exists event_sink.{{ local("external_id") }} {{ on_cluster }} (
    external_user_id UUID,
    external_id_type String,
    username String,
    user_id UInt64,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by (external_id_type, external_user_id);

{{ distributed("event_sink", "external_id", "user_id") }}

create table if not exists event_sink.{{ local("tag") }} {{ on_cluster }} (
    id UInt64,
    taxonomy UInt64,
    parent Nullable(UInt64),
    value String,
    external_id Nullable(String),
    lineage String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by id;

{{ distributed("event_sink", "tag", "id") }}

create table if not exists event_sink.{{ local("taxonomy") }} {{ on_cluster }} (
    id UInt64,
    name String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by id;

{{ distributed("event_sink", "taxonomy", "id") }}

create table if not exists event_sink.{{ local("object_tag") }} {{ on_cluster }} (
    id UInt64,
    object_id String,
    taxonomy Nullable(UInt64),
    tag Nullable(UInt64),
    _value String,
    _export_id String,
    lineage String,
    dump_id UUID,
    time_last_dumped DateTime64(6, 'UTC')
)
engine = {{ engine("ReplacingMergeTree", "time_last_dumped") }}
order by (object_id, id);

{{ distributed("event_sink", "object_tag", "cityHash64(object_id)") }}
