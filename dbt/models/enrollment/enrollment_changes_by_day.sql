-- How each day changed the number of enrolled learners: the sum up to a day is how many were enrolled at its end.
with
    -- Where a learner stood at the end of each day that has an enrollment statement of theirs.
    ends_of_days as (
        select org, course_key, actor_id, day, argMaxMerge(last_statement) as last_statement
        from {{ ref("rollup_enrollment") }}
        group by org, course_key, actor_id, day
    ),
    histories as (
        select
            org,
            course_key,
            arraySort(groupArray((day, last_statement.1, last_statement.2))) as days,
            arrayPushFront(arrayPopBack(days), (toDate(0), false, '')) as days_before
        from ends_of_days
        group by org, course_key, actor_id
    ),
    changes as (
        select
            org,
            course_key,
            arrayJoin(
                arrayFlatten(
                    arrayMap(
                        (now, earlier) -> if(
                            now.2 = earlier.2 and (now.3 = earlier.3 or not now.2),
                            [],
                            arrayConcat(
                                if(now.2, [(now.1, now.3, 1)], []),
                                if(earlier.2, [(now.1, earlier.3, -1)], [])
                            )
                        ),
                        days,
                        days_before
                    )
                )
            ) as change
        from histories
    ),
    sums as (
        select org, course_key, change.2 as enrollment_mode, change.1 as day, sum(toInt64(change.3)) as total
        from changes
        group by org, course_key, enrollment_mode, day
    )
select
    sums.org as org,
    sums.course_key as course_key,
    {{ course_name_or_key("sums.course_key") }} as course_name,
    course_run(sums.course_key) as course_run,
    sums.enrollment_mode as enrollment_mode,
    sums.day as day,
    sums.total as change
from sums
left join {{ ref("course_names") }} as course_names on sums.course_key = course_names.course_key
where sums.total != 0
