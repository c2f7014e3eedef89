-- The courses beside each other: how many learners, how active, how well. What is said of a course is put together by
-- grouping: four joins would take longer to plan than all of it to read. And from the tables: of views it would be
-- planned
-- a third longer.
with
    known as (
        -- Published ones, and those that there are statements of.
        select course_org(course_key) as org, course_key
        from {{ ref("course_names") }}
        union all
        select toString(org) as org, toString(course_key) as course_key
        from {{ everywhere(ref("rollup_courses")) }}
        where course_key != ''
    ),
    standings as (
        select
            org,
            course_key,
            {{ merged("enrollment") }} as last_enrollment,
            {{ merged("last_registered_at") }} as registered_at,
            {{ merged("last_visited_at") }} as visited_at,
            {{ merged("grade") }} as last_grade,
            {{ merged("result") }} as last_result
        from {{ everywhere(ref("rollup_learners")) }} {{ one_row_for_each("org, course_key, actor_id") }}
    ),
    answers as (
        select org, course_key, {{ newest("correct_first") }} as correct_first
        from {{ everywhere(ref("answered_problems")) }} {{ one_row_for_each("org, course_key, block_id, actor_id") }}
    ),
    tags as (
        select argMax(object_id, time_last_dumped) as course_key, argMax(_value, time_last_dumped) as tag
        from {{ source("event_sink", "object_tag") }}
        group by id
    ),
    facts as (
        select
            toLowCardinality(org) as org,
            toLowCardinality(course_key) as course_key,
            true as is_course,
            toUInt64(0) as enrollees,
            toUInt64(0) as at_risk,
            toUInt64(0) as passed,
            emptyArrayFloat64() as grades,
            toUInt64(0) as active,
            toUInt64(0) as answered,
            toUInt64(0) as correct_first,
            '' as tag
        from known
        union all
        select
            org,
            course_key,
            false,
            countIf(last_enrollment.registered),
            countIf({{ is_at_risk() }}),
            -- As on the Course Dashboard: also who has left since.
            countIf(last_result.state = 'passed'),
            groupArrayIf(
                {{ percent_of("last_grade.score") }}, last_enrollment.registered and {{ happened("last_grade") }}
            ),
            0,
            0,
            0,
            ''
        from standings
        group by org, course_key
        union all
        select org, course_key, false, 0, 0, 0, [], uniqExact(actor_id), 0, 0, ''
        from {{ everywhere(ref("rollup_activity")) }}
        where day > toDate(now('UTC')) - 7
        group by org, course_key
        union all
        select org, course_key, false, 0, 0, 0, [], 0, count(), countIf(correct_first), ''
        from answers
        group by org, course_key
        union all
        -- Blocks and libraries have tags, too: their ids are no course that is known.
        select toLowCardinality(course_org(course_key)), toLowCardinality(course_key), false, 0, 0, 0, [], 0, 0, 0, tag
        from tags
    )
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    sum(facts.enrollees) as enrollees,
    sum(facts.active) as active_last_7_days,
    sum(facts.passed) as passed,
    sum(facts.at_risk) as at_risk,
    groupArrayArray(facts.grades) as grades,
    if(empty(grades), null, arrayAvg(grades)) as average_grade,
    if(empty(grades), null, arrayReduce('quantileExactInclusive(0.5)', grades)) as median_grade,
    sum(facts.answered) as answered,
    sum(facts.correct_first) as correct_at_first,
    if(answered > 0, 100 * correct_at_first / answered, null) as first_try_correct_percent,
    arrayStringConcat(arraySort(groupUniqArrayIf(facts.tag, facts.tag != '')), ', ') as tags
from facts
group by org, course_key
having max(is_course)
