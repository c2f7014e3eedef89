-- How many blocks of each section and of each subsection each learner has done.
blocks_there as (
    select org, course_key, block_id, section_key, subsection_key
    from blocks
    where block_type = '<< block_type >>' and subsection_id != ''
),
done_by_learner as (
    select
        cityHash64(blocks_of_learners.actor_id) as learner,
        arrayJoin([blocks_there.section_key, blocks_there.subsection_key]) as place_key,
        count() as done
    from blocks_of_learners
    inner join
        blocks_there
        on blocks_of_learners.org = blocks_there.org
        and blocks_of_learners.course_key = blocks_there.course_key
        and blocks_of_learners.block_id = blocks_there.block_id
    group by learner, place_key
),
