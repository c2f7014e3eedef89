-- Every statement, read once: typed when it can be used, and with the reason and its text when it cannot.
-- The only place where JSON is parsed. Nothing here may fail: one bad statement costs that statement alone.
{{
    config(
        materialized="rollup",
        engine=replacing(),
        partition_by="toYYYYMM(event_time)",
        order_by="(org, course_key, kind, actor_id, event_time, event_id)",
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
                statement.actor.account.name != '', statement.actor.account.name,
                statement.actor.mbox != '', lower(statement.actor.mbox),
                statement.actor.mbox_sha1sum != '', statement.actor.mbox_sha1sum,
                statement.actor.openid
            ) as actor,
            statement.verb.id as verb,
            {{ decoded("statement.object.id") }} as object,
            statement.object.definition.type as object_type,
            {{ decoded(course_id_of("statement")) }} as course_id,
            {{ block_of("object") }} as block
        from parsed
    ),

    judged as (
        select
            *,
            {{ refusal_of("event", "statement") }} as refusal,
            refusal = '' as is_used,
            {{ course_key_of("course_id", "block") }} as course,
            object_type = 'https://w3id.org/xapi/video/activity-type/video' or position(block, '+type@video+') > 0
                as is_video,
            position(block, '+type@problem+') > 0 as is_problem
        from named
    )

select
    if(is_used, assumeNotNull(statement_id), stored_id) as event_id,
    if(is_used, assumeNotNull(statement_time), stored_time) as event_time,
    toLowCardinality(if(is_used, course_org(course), '')) as org,
    toLowCardinality(if(is_used, course, '')) as course_key,
    toLowCardinality(if(is_used, course_run(course), '')) as course_run,
    if(is_used, actor, '') as actor_id,
    toLowCardinality(if(is_used, {{ kind_of("verb", "is_video", "is_problem") }}, 'refused')) as kind,
    toLowCardinality(if(is_used, verb, '')) as verb_id,
    toLowCardinality(if(is_used, object_type, '')) as object_type,
    if(is_used and block = '' and kind not in ('enrollment', 'course_result', 'grade'), object, '') as object_id,
    if(is_used, {{ block_without_question("block", "is_problem") }}, '') as block_id,
    toLowCardinality(if(is_used and is_problem, {{ question_of("block") }}, '')) as question,

    -- enrollment
    toLowCardinality(
        if(kind = 'enrollment', statement.object.definition.extensions.{{ extension.mode }}, '')
    ) as enrollment_mode,

    -- grades and results
    if(is_used, coalesce(
        statement.result.score.scaled,
        if(statement.result.score.max > 0, statement.result.score.raw / statement.result.score.max, null)
    ), null) as score,
    toLowCardinality(multiIf(
        kind = 'course_result', if(endsWith(verb, '/passed'), 'passed', 'failed'),
        kind != 'grade' or block != '', '',
        {{ result_state("statement.result.extensions." ~ extension.classification) }}
    )) as state,

    -- problems
    if(is_used, statement.result.success, null) as success,
    if(kind = 'problem_evaluated', statement.object.definition.extensions.{{ extension.attempt }}, null) as attempt,
    if(kind = 'problem_evaluated', statement.result.response, '') as response,
    toLowCardinality(
        if(kind = 'problem_evaluated', statement.object.definition.interactionType, '')
    ) as interaction_type,
    toLowCardinality(multiIf(
        kind != 'hint', '',
        position(object, '/hint/') > 0, 'hint',
        endsWith(object, '/answer'), 'answer',
        'other'
    )) as shown,

    -- videos
    if(
        kind = 'video',
        coalesce(
            statement.result.extensions.{{ extension.time }}, statement.result.extensions.{{ extension.time_from }}
        ),
        null
    ) as video_position,
    if(kind = 'video', statement.result.extensions.{{ extension.time_to }}, null) as video_position_to,
    if(kind = 'video', statement.context.extensions.{{ extension.length }}, null) as video_length,

    -- navigation and completion
    toLowCardinality(
        if(kind = 'navigation', statement.context.extensions.{{ extension.starting_position }}, '')
    ) as navigated_from,
    toLowCardinality(
        if(kind = 'navigation', statement.context.extensions.{{ extension.ending_point }}, '')
    ) as navigated_to,
    if(kind = 'completion', statement.result.extensions.{{ extension.progress }}, null) as progress,

    -- refused statements
    toLowCardinality(refusal) as refusal_reason,
    if(is_used, '', event) as refused_statement,
    if(is_used, toDateTime(0, 'UTC'), now('UTC')) as refused_at
from judged
