-- Changes of enrollment by day. Added up from the first day on, they give the number of enrollments at the
-- end of each day. What happened before the dashboard's range counts on the first day of the range, and a
-- change of 0 on its last day makes each line reach the end.
with
    changes as (
        select
            org,
            course_key,
            course_name,
            course_run,
            enrollment_mode,
            arrayJoin(
                [
                    (
                        {% if from_dttm %}greatest(day, toDate(parseDateTimeBestEffort('{{ from_dttm }}', 'UTC')))
                        {% else %}day
                        {% endif %},
                        change
                    ),
                    (
                        {% if to_dttm %}
                            least(
                                toDate(now('UTC')),
                                toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second)
                            )
                        {% else %}toDate(now('UTC'))
                        {% endif %},
                        toInt64(0)
                    )
                ]
            ) as day_and_change
        from enrollment_changes_by_day
        where
            true
            -- % include "course_filters"
            {% if to_dttm %}
                and day <= toDate(parseDateTimeBestEffort('{{ to_dttm }}', 'UTC') - interval 1 second)
            {% endif %}
    )
select
    org,
    course_key,
    course_name,
    course_run,
    enrollment_mode,
    tupleElement(day_and_change, 1) as changed_on,
    sum(tupleElement(day_and_change, 2)) as change
from changes
group by org, course_key, course_name, course_run, enrollment_mode, changed_on
