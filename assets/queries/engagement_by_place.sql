-- A learner's row of a subsection counts in the subsection and in its section.
places as (
    select
        org,
        course_key,
        course_name,
        course_run,
        arrayJoin([('Section', section_with_name), ('Subsection', subsection_with_name)]) as level_and_place,
        tupleElement(level_and_place, 1) as level,
        tupleElement(level_and_place, 2) as place,
        actor_id,
        sum(done) as done_there,
        sum(there) as all_there
    from learners
    group by org, course_key, course_name, course_run, level_and_place, actor_id
)
select
    org,
    course_key,
    course_name,
    course_run,
    level,
    place,
    countIf(done_there > 0) as learners_of_one,
    countIf(done_there >= all_there) as learners_of_all
from places
where done_there > 0
group by org, course_key, course_name, course_run, level, place
