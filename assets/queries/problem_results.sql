-- How learners did in each problem, by the current course structure.
with
    results as (
        select
            org,
            course_key,
            course_name,
            course_run,
            block_id,
            count() as learners,
            countIf(correct) as correct_learners,
            countIf(correct_first) as correct_first_learners,
            avg(attempts) as average_attempts,
            arrayReduce('quantileExactInclusive(0.5)', groupArray(attempts)) as median_attempts
        from learner_problems
        where true
        -- % include "course_filters"
        -- % include "learner_filters"
        group by org, course_key, course_name, course_run, block_id
    )
select
    results.org as org,
    results.course_key as course_key,
    results.course_name as course_name,
    results.course_run as course_run,
    results.block_id as block_id,
    if(problems.block_key = 0, results.block_id, problems.block_with_location) as problem,
    concat(
        '<a target="_blank" href="<< settings.lms_url >>/courses/',
        encodeXMLComponent(results.course_key),
        '/jump_to/',
        encodeXMLComponent(results.block_id),
        '">',
        encodeXMLComponent(problem),
        '</a>'
    ) as problem_link,
    dictGet('places_by_key', 'place', problems.subsection_key) as subsection_with_name,
    problems.position_in_course as position_in_course,
    if(problems.graded, 'Graded', 'Not graded') as graded,
    results.learners as learners,
    results.correct_learners as correct_learners,
    results.learners - results.correct_learners as incorrect_learners,
    results.correct_first_learners as correct_first_learners,
    results.average_attempts as average_attempts,
    toFloat64(results.median_attempts) as median_attempts,
    results.correct_learners / results.learners as correct_share
from results
left join blocks_by_key as problems on block_key(results.course_key, results.block_id) = problems.block_key
