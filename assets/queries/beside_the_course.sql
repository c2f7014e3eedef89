chosen_counts as (
    select course_key, count() as learners
    from learners
    where true
    -- % include "course_filters"
    -- % include "one_learner"
    group by course_key
),
sums as (
    select
        course_key,
        subsection_id,
        sumIf(
            engagement.done, true
        -- % include "one_learner"
        ) as done,
        sum(engagement.done) as course_done,
        uniqExactState(engagement.actor_id) as active_there
    from engagement
    group by course_key, subsection_id
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
left join sums on places.course_key = sums.course_key and places.subsection_id = sums.subsection_id
