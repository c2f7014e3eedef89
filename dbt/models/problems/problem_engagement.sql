-- How many problems each learner has attempted of each subsection where they attempted any, graded ones apart, beside
-- how many it has now.
with
    problems as (
        select
            org,
            course_key,
            block_id,
            graded,
            section,
            subsection,
            section_with_name,
            subsection_with_name,
            subsection_id,
            graded_alike_in_subsection
        from {{ ref("blocks") }}
        where block_type = 'problem' and subsection_id != ''
    )
select
    attempts.org as org,
    attempts.course_key as course_key,
    {{ course_name("attempts.course_key") }} as course_name,
    course_run(attempts.course_key) as course_run,
    attempts.actor_id as actor_id,
    any(problems.section_with_name) as section_with_name,
    any(problems.subsection_with_name) as subsection_with_name,
    any(problems.subsection_id) as subsection_id,
    problems.graded as graded,
    count() as problems_attempted,
    any(problems.graded_alike_in_subsection) as problems_total
from {{ ref("learner_problems") }} as attempts
inner join
    problems
    on attempts.org = problems.org
    and attempts.course_key = problems.course_key
    and attempts.block_id = problems.block_id
group by org, course_key, actor_id, problems.section, problems.subsection, graded
