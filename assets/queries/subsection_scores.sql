-- The latest score of each learner in each subsection, and each range of scores, so that one that nobody is in shows
-- as 0.
with
    subsections as (
        select
            org,
            course_key,
            course_name,
            course_run,
            subsection_id as block_id,
            groupArray((toNullable(actor_id), toNullable(score_percent), score_bucket)) as scores
        from subsection_grades
        where
            true and {{ can_view_courses() }}
            -- % include "course_key_filter"
            {% if filter_values("block_id") %}
                and subsection_id in {{ filter_values("block_id") | where_in }}
            {% endif %}
        group by org, course_key, course_name, course_run, block_id
    )
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    tupleElement(score, 3) as score_bucket,
    tupleElement(score, 1) as actor_id,
    tupleElement(score, 2) as score_percent
from subsections
array join
    arrayConcat(
        scores,
        arrayMap(
            score_range -> (null, null, score_range),
            ['0-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', '70-79', '80-89', '90-100']
        )
    ) as score
