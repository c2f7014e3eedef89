-- How many of the pages of each subsection the chosen learner has viewed, beside the average of the course.
with
    -- A page counts once, however often the learner viewed it.
    pages_of_learners as (
        select distinct subsection_key, unit_of_section, actor_id from page_views where true
    -- % include "course_filters"
    -- % include "courses_of_learner"
    ),
    -- % include "chosen_counts"
    sums as (
        select
            subsection_key,
            countIf(
                true
            -- % include "one_learner"
            ) as done,
            count() as course_done,
            uniqExactState(actor_id) as active_there
        from pages_of_learners
        group by subsection_key
    ),
    places as (
        select distinct
            org,
            course_key,
            course_name,
            course_run,
            section_with_name as section,
            subsection_with_name as subsection,
            subsection_key,
            alike_in_subsection as total
        from blocks
        where block_type = 'vertical' and subsection_id != ''
    -- % include "course_filters"
    -- % include "courses_of_learner"
    )
select
    places.org as org,
    places.course_key as course_key,
    places.course_name as course_name,
    places.course_run as course_run,
    places.section as section,
    places.subsection as subsection,
    places.total as total,
    chosen_counts.learners as learners,
    sums.done as done,
    uniqExactMerge(sums.active_there) over (partition by places.course_key) as course_learners,
    sums.course_done as course_done
from places
inner join chosen_counts on places.course_key = chosen_counts.course_key
left join sums on places.subsection_key = sums.subsection_key
