-- How many blocks of each subsection the chosen learner has done, and all learners together.
sums as (
    select
        blocks.subsection_key as subsection_key,
        countIf(
            true
        -- % include "one_learner"
        ) as done,
        count() as course_done,
        uniqExactState(cityHash64(actor_id)) as active_there
    from blocks_of_learners
    inner join
        blocks_by_key as blocks
        on block_key(blocks_of_learners.course_key, blocks_of_learners.block_id) = blocks.block_key
    where blocks.block_type = '<< block_type >>' and blocks.in_subsection
    group by subsection_key
),
