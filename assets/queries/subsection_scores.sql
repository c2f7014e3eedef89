-- The latest score of each learner in each subsection, and each range of scores, so that one that nobody is in shows
-- as 0.
with
    scores as (
        select
            org, course_key, course_name, course_run, subsection_id as block_id, actor_id, score_percent, score_bucket
        from subsection_grades
        where
            true and {{ can_view_courses() }}
            -- % include "course_key_filter"
            {% if filter_values("block_id") %}
                and subsection_id in {{ filter_values("block_id") | where_in }}
            {% endif %}
    )
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    score_bucket,
    toNullable(actor_id) as actor_id,
    toNullable(score_percent) as score_percent
from scores
union all
select distinct
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    arrayJoin(
        ['0-9', '10-19', '20-29', '30-39', '40-49', '50-59', '60-69', '70-79', '80-89', '90-100']
    ) as score_bucket,
    null as actor_id,
    null as score_percent
from scores
