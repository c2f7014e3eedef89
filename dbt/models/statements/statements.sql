-- Every statement, read once: typed when it can be used, and with the reason and its text when it cannot.
-- The only place where JSON is parsed. Nothing here may fail: one bad statement costs that statement alone.
-- A month in which nothing has come for an hour becomes one part: then no row has a duplicate that readers must find.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        partition_by="toYYYYMM(event_time)",
        order_by="(org, course_key, kind, actor_id, event_time, event_id)",
        table_settings="default_compression_codec = 'ZSTD(1)', min_age_to_force_merge_seconds = 3600, "
        ~ "min_age_to_force_merge_on_partition_only = 1",
        codecs={"event_time": "Delta, ZSTD(1)"},
    )
}}

{%- set extension = namespace(
    mode="`https://w3id.org/xapi/acrossx/extensions/type`",
    attempt="`http://id.tincanapi.com/extension/attempt-id`",
    time="`https://w3id.org/xapi/video/extensions/time`",
    time_from="`https://w3id.org/xapi/video/extensions/time-from`",
    time_to="`https://w3id.org/xapi/video/extensions/time-to`",
    length="`https://w3id.org/xapi/video/extensions/length`",
    progress="`https://w3id.org/xapi/cmi5/result/extensions/progress`",
    classification="`http://www.tincanapi.co.uk/activitytypes/grade_classification`",
    starting_position="`http://id.tincanapi.com/extension/starting-position`",
    ending_point="`http://id.tincanapi.com/extension/ending-point`",
) %}

with
    parsed as (
        select
            event_id as stored_id,
            toDateTime64(emission_time, 6, 'UTC') as stored_time,
            event,
            JSONExtract(event, '{{ statement_type() }}') as statement
        from {{ source("xapi", "xapi_events_all") }}
    ),

    -- Who, when and about what, in the statement's own words.
    named as (
        select
            *,
            toUUIDOrNull(statement.id) as statement_id,
            parseDateTime64BestEffortOrNull(statement.timestamp, 6, 'UTC') as statement_time,
            multiIf(
                statement.actor.account.name != '',
                statement.actor.account.name,
                statement.actor.mbox != '',
                lower(statement.actor.mbox),
                statement.actor.mbox_sha1sum != '',
                statement.actor.mbox_sha1sum,
                statement.actor.openid
            ) as actor,
            toLowCardinality(statement.verb.id) as verb,
            decodeURLComponent(statement.object.id) as object,
            toLowCardinality(statement.object.definition.type) as object_type,
            toLowCardinality(statement.result.extensions.{{ extension.classification }}) as classification,
            {{ block_of("object") }} as block,
            toLowCardinality(decodeURLComponent({{ course_id_of("statement") }})) as course_id,
            {{ course_key_of("course_id") }} as course
        from parsed
    ),

    judged as (
        select
            *,
            {{ refusal_of("event", "statement") }} as refusal,
            object_type = 'https://w3id.org/xapi/video/activity-type/video'
            or position(block, '+type@video+') > 0 as is_video,
            position(block, '+type@problem+') > 0 as is_problem,
            toLowCardinality({{ kind_of("refusal", "verb", "is_video", "is_problem") }}) as kind_of_statement
        from named
    )

select
    if(refusal = '', assumeNotNull(statement_id), stored_id) as event_id,
    if(refusal = '', assumeNotNull(statement_time), stored_time) as event_time,
    toLowCardinality(if(refusal = '', toLowCardinality(course_org(course)), '')) as org,
    toLowCardinality(if(refusal = '', course, '')) as course_key,
    toLowCardinality(course_run(course)) as course_run,
    actor as actor_id,
    kind_of_statement as kind,
    verb as verb_id,
    object_type,
    if(block = '' and kind_of_statement not in ('enrollment', 'course_result', 'grade'), object, '') as object_id,
    {{ block_without_question("block", "is_problem") }} as block_id,
    toLowCardinality(if(is_problem, {{ question_of("block") }}, '')) as question,
    is_problem and statement.object.objectType = 'GroupActivity' as of_all_questions,

    -- enrollment
    toLowCardinality(
        if(kind_of_statement = 'enrollment', statement.object.definition.extensions.{{ extension.mode }}, '')
    ) as enrollment_mode,

    -- grades and results
    coalesce(
        statement.result.score.scaled,
        if(statement.result.score.max > 0, statement.result.score.raw / statement.result.score.max, null)
    ) as score,
    toLowCardinality(
        multiIf(
            kind_of_statement = 'course_result',
            if(endsWith(verb, '/passed'), 'passed', 'failed'),
            kind_of_statement = 'grade' and block = '',
            {{ result_state("classification") }},
            ''
        )
    ) as state,

    -- problems
    statement.result.success as success,
    statement.object.definition.extensions.{{ extension.attempt }} as attempt,
    statement.result.response as response,
    toLowCardinality(statement.object.definition.interactionType) as interaction_type,
    toLowCardinality(
        multiIf(
            kind_of_statement != 'hint',
            '',
            position(object, '/hint/') > 0,
            'hint',
            endsWith(object, '/answer'),
            'answer',
            'other'
        )
    ) as shown,

    -- videos
    coalesce(
        statement.result.extensions.{{ extension.time }}, statement.result.extensions.{{ extension.time_from }}
    ) as video_position,
    statement.result.extensions.{{ extension.time_to }} as video_position_to,
    statement.context.extensions.{{ extension.length }} as video_length,

    -- navigation and completion
    toLowCardinality(statement.context.extensions.{{ extension.starting_position }}) as navigated_from,
    toLowCardinality(statement.context.extensions.{{ extension.ending_point }}) as navigated_to,
    statement.result.extensions.{{ extension.progress }} as progress,

    -- refused statements
    toLowCardinality(refusal) as refusal_reason,
    if(refusal = '', '', event) as refused_statement,
    if(refusal = '', toDateTime(0, 'UTC'), now('UTC')) as refused_at
from judged
