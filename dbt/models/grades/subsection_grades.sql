-- The latest score of each learner in each subsection.
with
    latest as (
        select org, course_key, block_id, actor_id, {{ merged("grade") }} as last_grade
        from {{ everywhere(ref("rollup_grades")) }}
        where block_type(block_id) = 'sequential' {{ one_row_for_each("org, course_key, block_id, actor_id") }}
    ),
    scores as (
        select
            org,
            course_key,
            block_id,
            actor_id,
            greatest(0, least(100, 100 * last_grade.score)) as score_percent,
            last_grade.at as graded_at
        from latest
        -- A grade without a score says nothing.
        where {{ happened("last_grade") }}
    ),
    subsections as (
        select org, course_key, block_id, graded, section_with_name, subsection_with_name
        from {{ ref("blocks") }}
        where block_type = 'sequential'
    )
select
    scores.org as org,
    scores.course_key as course_key,
    {{ course_name("scores.course_key") }} as course_name,
    course_run(scores.course_key) as course_run,
    scores.actor_id as actor_id,
    scores.block_id as subsection_id,
    subsections.section_with_name as section_with_name,
    subsections.subsection_with_name as subsection_with_name,
    subsections.graded as graded,
    scores.score_percent as score_percent,
    {{ ten_percent("scores.score_percent") }} as score_bucket,
    scores.graded_at as graded_at
from scores
left join
    subsections
    on scores.org = subsections.org
    and scores.course_key = subsections.course_key
    and scores.block_id = subsections.block_id
