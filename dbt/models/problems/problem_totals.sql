-- How all learners of a course did in each problem: what one learner's results are held against.
with
    totals as (
        select
            org,
            course_key,
            block_id,
            count() as learners,
            countIf(results.correct) as correct,
            countIf(results.correct_first) as correct_first,
            avg(attempts) as average_attempts,
            quantileExactInclusive(0.5)
            (attempts) as median_attempts,
            avg(if(results.correct, attempts, 0)) as average_correct_attempts,
            avg(if(results.correct, 0, attempts)) as average_incorrect_attempts
        from {{ ref("learner_problems") }} as results
        group by org, course_key, block_id
    )
select
    totals.org as org,
    totals.course_key as course_key,
    {{ course_name("totals.course_key") }} as course_name,
    course_run(totals.course_key) as course_run,
    {{ of_place("place", "problems.section_key") }} as section_with_name,
    {{ of_place("place", "problems.subsection_key") }} as subsection_with_name,
    {{ of_place("place_id", "problems.subsection_key") }} as subsection_id,
    totals.block_id as block_id,
    if(problems.block_key = 0, totals.block_id, problems.block_with_location) as block_with_location,
    problems.graded as graded,
    totals.learners as learners,
    totals.correct as correct,
    totals.correct_first as correct_first,
    totals.average_attempts as average_attempts,
    totals.median_attempts as median_attempts,
    totals.average_correct_attempts as average_correct_attempts,
    totals.average_incorrect_attempts as average_incorrect_attempts
from totals
left join {{ ref("blocks_by_key") }} as problems on block_key(totals.course_key, totals.block_id) = problems.block_key
