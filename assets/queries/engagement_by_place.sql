places as (
    select
        org,
        course_key,
        course_name,
        course_run,
        'Section' as level,
        section_with_name as place,
        actor_id,
        sum(done) as done,
        sum(there) as there
    from learners
    group by org, course_key, course_name, course_run, place, actor_id
    union all
    select
        org,
        course_key,
        course_name,
        course_run,
        'Subsection' as level,
        subsection_with_name as place,
        actor_id,
        sum(done) as done,
        sum(there) as there
    from learners
    group by org, course_key, course_name, course_run, place, actor_id
)
select
    org,
    course_key,
    course_name,
    course_run,
    level,
    place,
    countIf(done > 0) as learners_of_one,
    countIf(done >= there) as learners_of_all
from places
where done > 0
group by org, course_key, course_name, course_run, level, place
