{#- Which verbs say the kind of a statement by themselves; others need their object. -#}
{% macro kinds_of_verbs() -%}
    {%- set adl = "http://adlnet.gov/expapi/verbs/" -%}
    {%- set tincan = "http://id.tincanapi.com/verb/" -%}
    {%- set acrossx = "https://w3id.org/xapi/acrossx/verbs/" -%}
    {%- set video = "https://w3id.org/xapi/video/verbs/" -%}
    {%- set dod = "https://w3id.org/xapi/dod-isd/verbs/" -%}
    {%- set openedx = "https://w3id.org/xapi/openedx/verb/" -%}
    {{
        return(
            {
                adl ~ "registered": "enrollment",
                tincan ~ "unregistered": "enrollment",
                adl ~ "passed": "course_result",
                adl ~ "failed": "course_result",
                tincan ~ "earned": "grade",
                acrossx ~ "evaluated": "problem_evaluated",
                adl ~ "attempted": "problem_attempted",
                adl ~ "asked": "hint",
                dod ~ "navigated": "navigation",
                video ~ "played": "video",
                video ~ "paused": "video",
                video ~ "seeked": "video",
                adl ~ "progressed": "completion",
                acrossx ~ "posted": "forum",
                acrossx ~ "edited": "forum",
                acrossx ~ "reported": "forum",
                dod ~ "deleted": "forum",
                openedx ~ "unreported": "forum",
                openedx ~ "voted": "forum",
                tincan ~ "viewed": "forum",
            }
        )
    }}
{%- endmacro %}

{#- The kind of a statement. Unknown verbs are kept, as other. -#}
{% macro kind_of(refusal, verb_id, is_video, is_problem) -%}
    {%- set kinds = kinds_of_verbs() -%}
    {%- set adl = "http://adlnet.gov/expapi/verbs/" -%}
    multiIf(
        {{ refusal }} != '',
        'refused',
        {{ is_video }}
        and {{ verb_id }}
        in ('{{ adl }}initialized', '{{ adl }}terminated', '{{ adl }}completed', '{{ adl }}interacted'),
        'video',
        {{ verb_id }} in ('{{ adl }}initialized', '{{ adl }}terminated'),
        'exam',
        {{ verb_id }} = '{{ adl }}completed' and {{ is_problem }},
        'problem_completed',
        {{ verb_id }} = '{{ adl }}completed',
        'completion',
        transform(
            {{ verb_id }},
            ['{{ kinds.keys() | join("', '") }}'],
            ['{{ kinds.values() | join("', '") }}'],
            'other'
        )
    )
{%- endmacro %}
