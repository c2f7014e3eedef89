-- The pages that each learner has visited, with the first and the last time.
select
    visits.org as org,
    visits.course_key as course_key,
    {{ course_name_or_key("visits.course_key") }} as course_name,
    course_run(visits.course_key) as course_run,
    visits.actor_id as actor_id,
    visits.subsection_id as subsection_id,
    visits.unit_id as unit_id,
    visits.first_visited_at as first_visited_at,
    visits.last_visited_at as last_visited_at
from {{ ref("unit_visits") }} as visits
left join {{ ref("course_names") }} as course_names on visits.course_key = course_names.course_key
