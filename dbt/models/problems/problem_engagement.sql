-- How many problems each learner has attempted of each subsection where they attempted any, graded ones apart, beside
-- how many it has now.
select
    attempts.org as org,
    attempts.course_key as course_key,
    {{ course_name("attempts.course_key") }} as course_name,
    course_run(attempts.course_key) as course_run,
    attempts.actor_id as actor_id,
    any(sections.place) as section_with_name,
    any(subsections.place) as subsection_with_name,
    any(subsections.place_id) as subsection_id,
    problems.graded as graded,
    count() as problems_attempted,
    any(if(problems.graded, subsections.graded_problems, subsections.ungraded_problems)) as problems_total
from {{ ref("learner_problems") }} as attempts
inner join
    {{ ref("blocks_by_key") }} as problems on block_key(attempts.course_key, attempts.block_id) = problems.block_key
inner join {{ ref("places_by_key") }} as sections on problems.section_key = sections.place_key
inner join {{ ref("places_by_key") }} as subsections on problems.subsection_key = subsections.place_key
where problems.block_type = 'problem' and problems.in_subsection
group by org, course_key, actor_id, problems.subsection_key, graded
