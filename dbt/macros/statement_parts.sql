{#-
    What a statement of Open edX says, as one type: JSON that does not fit leaves a hole, and never fails.
-#}
{% macro statement_type() -%}
    Tuple(
        id String,
        timestamp String,
        actor Tuple(account Tuple(name String), mbox String, mbox_sha1sum String, openid String),
        verb Tuple(id String),
        object Tuple(
            id String,
            objectType String,
            definition Tuple(
                type String,
                interactionType String,
                extensions Tuple(
                    `https://w3id.org/xapi/acrossx/extensions/type` String,
                    `http://id.tincanapi.com/extension/attempt-id` Nullable(UInt32)
                )
            )
        ),
        result Tuple(
            success Nullable(Bool),
            response String,
            score Tuple(scaled Nullable(Float64), raw Nullable(Float64), max Nullable(Float64)),
            extensions Tuple(
                `https://w3id.org/xapi/video/extensions/time` Nullable(Float64),
                `https://w3id.org/xapi/video/extensions/time-from` Nullable(Float64),
                `https://w3id.org/xapi/video/extensions/time-to` Nullable(Float64),
                `https://w3id.org/xapi/cmi5/result/extensions/progress` Nullable(Float64),
                `http://www.tincanapi.co.uk/activitytypes/grade_classification` String
            )
        ),
        context Tuple(
            contextActivities Tuple(
                parent Array(Tuple(id String, definition Tuple(type String))),
                grouping Array(Tuple(id String))
            ),
            extensions Tuple(
                `http://id.tincanapi.com/extension/starting-position` String,
                `http://id.tincanapi.com/extension/ending-point` String,
                `https://w3id.org/xapi/video/extensions/length` Nullable(Float64)
            )
        )
    )
{%- endmacro %}
