-- One row for each course run: learners, grades, and problems answered. What a course as a whole has adds up from its
-- runs; its grades are kept one by one, so that means and medians over several runs are exact.
with
    grades as (
        select course_key, groupArray(assumeNotNull(grade_percent)) as grades
        from learner_summary
        where enrollment_status = 'registered' and grade_percent is not null
        -- % include "course_filters"
        group by course_key
    ),
    problems as (
        select course_key, count() as answered, countIf(correct_first) as correct_at_first
        from problem_results
        where true
        -- % include "course_filters"
        group by course_key
    ),
    learners as (
        select org, course_key, course_name, course_run, enrollees, active_last_7_days, passed, at_risk, tags
        from course_comparison
        where true
    -- % include "course_filters"
    )
select
    learners.org as org,
    learners.course_key as course_key,
    learners.course_name as course_name,
    learners.course_run as course_run,
    concat(learners.course_name, ' (', learners.org, ')') as course,
    concat(learners.course_name, ', ', learners.course_run, ' (', learners.org, ')') as run,
    if(learners.tags = '', 'No tags', learners.tags) as tags,
    toUInt64(learners.enrollees) as enrollees,
    toUInt64(learners.active_last_7_days) as active_last_7_days,
    toUInt64(learners.passed) as passed,
    toUInt64(learners.at_risk) as at_risk,
    grades.grades as grades,
    problems.answered as answered,
    problems.correct_at_first as correct_at_first
from learners
left join grades on learners.course_key = grades.course_key
left join problems on learners.course_key = problems.course_key
