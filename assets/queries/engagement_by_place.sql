-- Names come last: a learner and a place are counted by numbers. Ids would take an eighth longer; that two of a million
-- learners of a place have one number happens once in 37 million times.
learners_by_done as (select place_key, done, count() as learners from done_by_learner group by place_key, done),
places as (
    select distinct
        org,
        course_key,
        course_name,
        course_run,
        arrayJoin(
            [
                (section_key, 'Section', section_with_name, alike_in_section),
                (subsection_key, 'Subsection', subsection_with_name, alike_in_subsection)
            ]
        ) as place_of_block,
        tupleElement(place_of_block, 1) as place_key,
        tupleElement(place_of_block, 2) as level,
        tupleElement(place_of_block, 3) as place,
        tupleElement(place_of_block, 4) as total
    from blocks
    where block_type = '<< block_type >>' and subsection_id != ''
-- % include "course_filters"
)
select
    places.org as org,
    places.course_key as course_key,
    places.course_name as course_name,
    places.course_run as course_run,
    places.level as level,
    places.place as place,
    sum(learners_by_done.learners) as learners_of_one,
    sumIf(learners_by_done.learners, learners_by_done.done >= places.total) as learners_of_all
from learners_by_done
inner join places on learners_by_done.place_key = places.place_key
group by org, course_key, course_name, course_run, level, place
