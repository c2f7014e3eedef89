-- A learner's row of a subsection counts in the subsection and in its section.
places as (
    select
        org,
        course_key,
        any(learners.course_name) as course_name,
        any(learners.course_run) as course_run,
        arrayJoin(
            [('Section', section_with_name, in_section), ('Subsection', subsection_with_name, in_subsection)]
        ) as level_and_place,
        actor_id,
        sum(done) as done_there
    from learners
    group by org, course_key, level_and_place, actor_id
)
select
    org,
    course_key,
    any(places.course_name) as course_name,
    any(places.course_run) as course_run,
    tupleElement(level_and_place, 1) as level,
    tupleElement(level_and_place, 2) as place,
    count() as learners_of_one,
    countIf(done_there >= tupleElement(level_and_place, 3)) as learners_of_all
from places
group by org, course_key, level, place
