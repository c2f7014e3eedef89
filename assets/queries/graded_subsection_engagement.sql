-- How many learners attempted all or some of the graded problems of each graded subsection.
with
    results as (
        select org, course_key, block_id, actor_id from learner_problems where {{ can_view_courses() }}
    -- % include "course_key_filter"
    ),
    problems as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            subsection_key,
            subsection_with_name,
            graded_alike_in_subsection as total
        from blocks
        where block_type = 'problem' and graded and subsection_id != '' and {{ can_view_courses() }}
    -- % include "course_key_filter"
    ),
    attempted_by_learner as (
        select cityHash64(results.actor_id) as learner, problems.subsection_key as subsection_key, count() as attempted
        from results
        inner join
            problems
            on results.org = problems.org
            and results.course_key = problems.course_key
            and results.block_id = problems.block_id
        group by learner, subsection_key
    ),
    learners_by_attempted as (
        select subsection_key, attempted, count() as learners
        from attempted_by_learner
        group by subsection_key, attempted
    ),
    subsections as (
        select distinct org, course_key, course_name, course_run, subsection_key, subsection_with_name, total
        from problems
    )
select
    subsections.org as org,
    subsections.course_key as course_key,
    subsections.course_name as course_name,
    subsections.course_run as course_run,
    subsections.subsection_with_name as subsection,
    sumIf(learners_by_attempted.learners, learners_by_attempted.attempted = subsections.total) as attempted_all,
    sum(learners_by_attempted.learners) - attempted_all as attempted_some
from learners_by_attempted
inner join subsections on learners_by_attempted.subsection_key = subsections.subsection_key
group by org, course_key, course_name, course_run, subsection
