-- How many problems of each subsection each learner has attempted, beside how many it has now. Who
-- attempted anything in a section has a row for each of its subsections that have problems, so the sums
-- over a section are right.
with
    problems as (
        select
            org,
            course_key,
            block_id,
            section,
            subsection,
            section_with_name,
            subsection_with_name,
            subsection_id,
            graded
        from {{ ref("blocks") }}
        where block_type = 'problem' and subsection_id != ''
    ),
    attempts as (select distinct org, course_key, block_id, actor_id from {{ everywhere(ref("answered_problems")) }}),
    -- Each problem that a learner attempted, as the subsection that it is in and whether it is graded.
    attempted as (
        select
            attempts.org as org,
            attempts.course_key as course_key,
            attempts.actor_id as actor_id,
            problems.section as section,
            groupArray((problems.subsection, problems.graded)) as places
        from attempts
        inner join
            problems
            on attempts.org = problems.org
            and attempts.course_key = problems.course_key
            and attempts.block_id = problems.block_id
        group by org, course_key, actor_id, section
    ),
    totals as (
        select
            org,
            course_key,
            section,
            subsection,
            graded,
            any(problems.section_with_name) as section_with_name,
            any(problems.subsection_with_name) as subsection_with_name,
            any(problems.subsection_id) as subsection_id,
            count() as problems_total
        from problems
        group by org, course_key, section, subsection, graded
    )
select
    totals.org as org,
    totals.course_key as course_key,
    {{ course_name("totals.course_key") }} as course_name,
    course_run(totals.course_key) as course_run,
    attempted.actor_id as actor_id,
    totals.section_with_name as section_with_name,
    totals.subsection_with_name as subsection_with_name,
    totals.subsection_id as subsection_id,
    totals.graded as graded,
    countEqual(attempted.places, (totals.subsection, totals.graded)) as problems_attempted,
    totals.problems_total as problems_total
from attempted
inner join
    totals
    on attempted.org = totals.org
    and attempted.course_key = totals.course_key
    and attempted.section = totals.section
