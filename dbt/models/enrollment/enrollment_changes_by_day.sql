-- How each day changed the number of enrolled learners: the sum up to a day is how many were enrolled at
-- its end.
with
    -- Where a learner stood at the end of each day that has an enrollment statement of theirs.
    ends_of_days as (
        select org, course_key, actor_id, day, {{ merged("enrollment") }} as last_statement
        from {{ everywhere(ref("rollup_enrollment")) }} {{ one_row_for_each("org, course_key, actor_id, day") }}
    ),
    histories as (
        select
            org,
            course_key,
            arraySort(
                groupArray(
                    cast(
                        (day, last_statement.registered, last_statement.mode),
                        'Tuple(day Date, registered Bool, mode String)'
                    )
                )
            ) as days,
            arrayPushFront(
                arrayPopBack(days), cast((toDate(0), false, ''), 'Tuple(day Date, registered Bool, mode String)')
            ) as days_before
        from ends_of_days
        group by org, course_key, actor_id
    ),
    -- A learner leaves the mode of the day before and joins that of the day; staying is neither.
    changes as (
        select
            org,
            course_key,
            arrayJoin(
                arrayConcat(
                    arrayMap((now, before) -> (now.day, now.mode, toInt64(now.registered)), days, days_before),
                    arrayMap((now, before) -> (now.day, before.mode, - toInt64(before.registered)), days, days_before)
                )
            ) as change_of_mode
        from histories
    )
select
    org,
    course_key,
    {{ course_name("course_key") }} as course_name,
    course_run(course_key) as course_run,
    tupleElement(change_of_mode, 2) as enrollment_mode,
    tupleElement(change_of_mode, 1) as day,
    sum(tupleElement(change_of_mode, 3)) as change
from changes
group by org, course_key, enrollment_mode, day
having change != 0
