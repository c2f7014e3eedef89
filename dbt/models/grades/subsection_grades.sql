-- The latest score of each learner in each subsection.
with
    latest as (
        select org, course_key, block_id, actor_id, argMaxMerge(last_grade) as last_grade
        from {{ everywhere(ref("rollup_grades")) }}
        where block_type(block_id) = 'sequential'
        group by org, course_key, block_id, actor_id
    ),
    subsections as (
        select org, course_key, block_id, graded, section_with_name, subsection_with_name
        from {{ ref("block_hierarchy") }}
        where block_type = 'sequential'
    )
select
    latest.org as org,
    latest.course_key as course_key,
    {{ course_name_or_key("latest.course_key") }} as course_name,
    course_run(latest.course_key) as course_run,
    latest.actor_id as actor_id,
    latest.block_id as subsection_id,
    subsections.section_with_name as section_with_name,
    subsections.subsection_with_name as subsection_with_name,
    subsections.graded as graded,
    greatest(0, least(100, 100 * latest.last_grade.score)) as score_percent,
    {{ ten_percent("score_percent") }} as score_bucket,
    latest.last_grade.graded_at as graded_at
from latest
left join
    subsections
    on latest.org = subsections.org
    and latest.course_key = subsections.course_key
    and latest.block_id = subsections.block_id
left join {{ ref("course_names") }} as course_names on latest.course_key = course_names.course_key
-- A grade without a score says nothing.
where latest.last_grade.graded_at != toDateTime64(0, 6, 'UTC')
