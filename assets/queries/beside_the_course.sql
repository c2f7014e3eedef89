-- % include "chosen_counts"
counted_blocks as (
    select
        org,
        course_key,
        course_name,
        course_run,
        block_id,
        section_with_name as section,
        subsection_with_name as subsection,
        alike_in_subsection as total
    from blocks
    where block_type = '<< block_type >>' and subsection_id != ''
-- % include "course_filters"
-- % include "courses_of_learner"
),
-- A block that nobody has done is there once, with no learner.
sums as (
    select
        counted_blocks.org as org,
        counted_blocks.course_key as course_key,
        counted_blocks.course_name as course_name,
        counted_blocks.course_run as course_run,
        counted_blocks.section as section,
        counted_blocks.subsection as subsection,
        counted_blocks.total as total,
        countIf(
            actor_id != ''
        -- % include "one_learner"
        ) as done,
        countIf(actor_id != '') as course_done,
        uniqExactStateIf(actor_id, actor_id != '') as active_there
    from blocks_of_learners
    right join
        counted_blocks
        on blocks_of_learners.org = counted_blocks.org
        and blocks_of_learners.course_key = counted_blocks.course_key
        and blocks_of_learners.block_id = counted_blocks.block_id
    group by org, course_key, course_name, course_run, section, subsection, total
)
select
    sums.org as org,
    sums.course_key as course_key,
    sums.course_name as course_name,
    sums.course_run as course_run,
    sums.section as section,
    sums.subsection as subsection,
    sums.total as total,
    chosen_counts.learners as learners,
    sums.done as done,
    uniqExactMerge(sums.active_there) over (partition by sums.course_key) as course_learners,
    sums.course_done as course_done
from sums
inner join chosen_counts on sums.course_key = chosen_counts.course_key
