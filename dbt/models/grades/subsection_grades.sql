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
            {{ percent_of("last_grade.score") }} as score_percent,
            last_grade.at as graded_at
        from latest
        -- A grade without a score says nothing.
        where {{ happened("last_grade") }}
    )
select
    scores.org as org,
    scores.course_key as course_key,
    {{ course_name("scores.course_key") }} as course_name,
    course_run(scores.course_key) as course_run,
    scores.actor_id as actor_id,
    scores.block_id as subsection_id,
    {{ of_place("place", "subsections.section_key") }} as section_with_name,
    {{ of_place("place", "subsections.subsection_key") }} as subsection_with_name,
    subsections.graded as graded,
    scores.score_percent as score_percent,
    {{ ten_percent("scores.score_percent") }} as score_bucket,
    scores.graded_at as graded_at
from scores
left join
    {{ ref("blocks_by_key") }} as subsections on block_key(scores.course_key, scores.block_id) = subsections.block_key
