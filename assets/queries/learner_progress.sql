-- How far enrolled learners came, by the week of their enrollment: a row for each step and week.
with
    learners as (
        select org, course_key, course_name, course_run, enrolled_week, is_active, attempted_graded, passed
        from learner_progress
        where
            enrollment_status = 'registered'
            -- % include "course_filters"
            {% if from_dttm %}
                and enrolled_week >= toMonday(parseDateTimeBestEffort('{{ from_dttm }}', 'UTC'))
            {% endif %}
            {% if to_dttm %}
                and enrolled_week <= toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second)
            {% endif %}
    ),
    weeks as (
        select
            org,
            course_key,
            course_name,
            course_run,
            assumeNotNull(enrolled_week) as week,
            arrayJoin(
                [
                    ('1 Enrolled', count()),
                    ('2 Active', countIf(is_active)),
                    ('3 Attempted a graded problem', countIf(attempted_graded)),
                    ('4 Passed', countIf(passed))
                ]
            ) as step_and_learners
        from learners
        group by org, course_key, course_name, course_run, week
    )
select
    org,
    course_key,
    course_name,
    course_run,
    week,
    tupleElement(step_and_learners, 1) as step,
    tupleElement(step_and_learners, 2) as learners
from weeks
