chosen_counts as (
    select course_key, count() as learners
    from learner_keys
    where true
    -- % include "course_filters"
    -- % include "one_learner"
    group by course_key
),
-- Also what nobody has done anything of.
subsections as (
    select
        org,
        course_key,
        course_name,
        course_run,
        subsection_key,
        section_with_name as section,
        subsection_with_name as subsection,
        count() as total
    from blocks
    where block_type = '<< block_type >>' and subsection_id != ''
    -- % include "course_filters"
    -- % include "courses_of_learner"
    group by org, course_key, course_name, course_run, subsection_key, section, subsection
)
select
    subsections.org as org,
    subsections.course_key as course_key,
    subsections.course_name as course_name,
    subsections.course_run as course_run,
    subsections.section as section,
    subsections.subsection as subsection,
    subsections.total as total,
    chosen_counts.learners as learners,
    sums.done as done,
    uniqExactMerge(sums.active_there) over (partition by subsections.course_key) as course_learners,
    sums.course_done as course_done
from subsections
inner join chosen_counts on subsections.course_key = chosen_counts.course_key
left join sums on subsections.subsection_key = sums.subsection_key
