chosen as (
    select course_key, actor_id from learner_summary where true
-- % include "course_filters"
-- % include "one_learner"
),
chosen_counts as (select course_key, count() as learners from chosen group by course_key),
of_chosen as (
    select course_key, subsection_id, sum(done) as done
    from engagement
    where (course_key, actor_id) in (select course_key, actor_id from chosen)
    group by course_key, subsection_id
),
of_course as (select course_key, subsection_id, sum(done) as done from engagement group by course_key, subsection_id),
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
    toUInt64(of_chosen.done) as done,
    course_counts.learners as course_learners,
    toUInt64(of_course.done) as course_done
from places
inner join chosen_counts on places.course_key = chosen_counts.course_key
left join of_chosen on places.course_key = of_chosen.course_key and places.subsection_id = of_chosen.subsection_id
left join of_course on places.course_key = of_course.course_key and places.subsection_id = of_course.subsection_id
left join course_counts on places.course_key = course_counts.course_key
