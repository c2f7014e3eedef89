-- How many blocks of each section and of each subsection each learner has done.
done_by_learner as (
    select
        cityHash64(blocks_of_learners.actor_id) as learner,
        arrayJoin([blocks.section_key, blocks.subsection_key]) as place_key,
        count() as done
    from blocks_of_learners
    inner join
        blocks_by_key as blocks
        on block_key(blocks_of_learners.course_key, blocks_of_learners.block_id) = blocks.block_key
    where blocks.block_type = '<< block_type >>' and blocks.in_subsection
    group by learner, place_key
),
