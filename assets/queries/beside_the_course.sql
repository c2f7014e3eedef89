chosen as (
    select course_key, actor_id from learner_summary where true
-- % include "course_filters"
-- % include "one_learner"
),
chosen_counts as (select course_key, count() as learners from chosen group by course_key),
sums as (
    select
        places.*,
        sumIf(
            engagement.done, (engagement.course_key, engagement.actor_id) in (select course_key, actor_id from chosen)
        ) as done,
        sum(engagement.done) as course_done,
        uniqExactIfState(engagement.actor_id, engagement.done > 0) as active_there
    from places
    left join
        engagement on places.course_key = engagement.course_key and places.subsection_id = engagement.subsection_id
    group by all
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
    uniqExactIfMerge(sums.active_there) over (partition by sums.course_key) as course_learners,
    sums.course_done as course_done
from sums
inner join chosen_counts on sums.course_key = chosen_counts.course_key
