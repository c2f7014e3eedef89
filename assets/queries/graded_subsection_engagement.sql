-- How many learners attempted all or some of the graded problems of each graded subsection.
with
    results as (
        select course_key, block_id, actor_id from learner_problems where {{ can_view_courses() }}
    -- % include "course_key_filter"
    ),
    attempted_by_learner as (
        select cityHash64(results.actor_id) as learner, problems.subsection_key as subsection_key, count() as attempted
        from results
        inner join blocks_by_key as problems on block_key(results.course_key, results.block_id) = problems.block_key
        where problems.block_type = 'problem' and problems.graded and problems.in_subsection
        group by learner, subsection_key
    ),
    learners_by_attempted as (
        select subsection_key, attempted, count() as learners
        from attempted_by_learner
        group by subsection_key, attempted
    )
select
    any(subsections.org) as org,
    any(subsections.course_key) as course_key,
    any(subsections.course_name) as course_name,
    course_run(course_key) as course_run,
    any(subsections.place) as subsection,
    sumIf(
        learners_by_attempted.learners, learners_by_attempted.attempted = subsections.graded_problems
    ) as attempted_all,
    sum(learners_by_attempted.learners) - attempted_all as attempted_some
from learners_by_attempted
inner join places_by_key as subsections on learners_by_attempted.subsection_key = subsections.place_key
group by learners_by_attempted.subsection_key
