-- The grade that each learner has in each course. A bucket holds its lower end and not its upper one.
with
    latest as (
        select
            org,
            course_key,
            actor_id,
            argMaxMerge(last_grade) as last_grade,
            argMaxMerge(last_state) as state,
            last_grade.graded_at != toDateTime64(0, 6, 'UTC') as is_graded,
            if(is_graded, greatest(0, least(100, 100 * last_grade.score)), null) as grade_percent
        from {{ everywhere(ref("rollup_grades")) }}
        where block_id = ''
        group by org, course_key, actor_id
    )
select
    latest.org as org,
    latest.course_key as course_key,
    {{ course_name_or_key("latest.course_key") }} as course_name,
    course_run(latest.course_key) as course_run,
    latest.actor_id as actor_id,
    latest.grade_percent as grade_percent,
    latest.state as state,
    if(latest.is_graded, {{ ten_percent("assumeNotNull(latest.grade_percent)") }}, '') as grade_bucket,
    if(latest.is_graded, latest.last_grade.graded_at, null) as graded_at
from latest
left join {{ ref("course_names") }} as course_names on latest.course_key = course_names.course_key
