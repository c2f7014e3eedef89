chosen as (
    select course_key, actor_id from learner_summary where true
-- % include "course_filters"
-- % include "one_learner"
),
chosen_counts as (select course_key, count() as learners from chosen group by course_key),
sums as (
    select
        course_key,
        subsection_id,
        sumIf(done, (course_key, actor_id) in (select course_key, actor_id from chosen)) as chosen_done,
        sum(done) as course_done
    from engagement
    group by course_key, subsection_id
),
course_counts as (select course_key, uniqExact(actor_id) as learners from engagement where done > 0 group by course_key)
select
    places.org as org,
    places.course_key as course_key,
    places.course_name as course_name,
    places.course_run as course_run,
    places.section as section,
    places.subsection as subsection,
    places.total as total,
    chosen_counts.learners as learners,
    toUInt64(sums.chosen_done) as done,
    course_counts.learners as course_learners,
    toUInt64(sums.course_done) as course_done
from places
inner join chosen_counts on places.course_key = chosen_counts.course_key
left join sums on places.course_key = sums.course_key and places.subsection_id = sums.subsection_id
left join course_counts on places.course_key = course_counts.course_key
