-- The courses beside each other: how many learners, how active, how well.
with
    learners as (
        select
            org,
            course_key,
            countIf(enrollment_status = 'registered') as enrollees,
            countIf(at_risk) as at_risk,
            -- As on the Course Dashboard: also who has left since.
            countIf(state = 'passed') as passed,
            groupArrayIf(
                assumeNotNull(grade_percent), enrollment_status = 'registered' and grade_percent is not null
            ) as grades
        from {{ ref("learners") }}
        group by org, course_key
    ),
    active as (
        select org, course_key, uniqExact(actor_id) as active_last_7_days
        from {{ everywhere(ref("rollup_activity")) }}
        where day > toDate(now('UTC')) - 7
        group by org, course_key
    ),
    problems as (
        select org, course_key, countIf(correct_first) as correct_first, count() as answered
        from {{ ref("learner_problems") }}
        group by org, course_key
    ),
    tags as (
        select org, course_key, arrayStringConcat(arraySort(groupUniqArray(tag)), ', ') as tags
        from {{ ref("course_tags") }}
        group by org, course_key
    )
select
    courses.org as org,
    courses.course_key as course_key,
    courses.course_name as course_name,
    courses.course_run as course_run,
    learners.enrollees as enrollees,
    active.active_last_7_days as active_last_7_days,
    learners.passed as passed,
    learners.at_risk as at_risk,
    learners.grades as grades,
    if(empty(grades), null, arrayAvg(grades)) as average_grade,
    if(empty(grades), null, arrayReduce('quantileExactInclusive(0.5)', grades)) as median_grade,
    problems.answered as answered,
    problems.correct_first as correct_at_first,
    if(problems.answered > 0, 100 * problems.correct_first / problems.answered, null) as first_try_correct_percent,
    tags.tags as tags
from {{ ref("courses") }} as courses
left join learners on courses.org = learners.org and courses.course_key = learners.course_key
left join active on courses.org = active.org and courses.course_key = active.course_key
left join problems on courses.org = problems.org and courses.course_key = problems.course_key
left join tags on courses.org = tags.org and courses.course_key = tags.course_key
