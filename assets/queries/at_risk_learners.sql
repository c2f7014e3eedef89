-- Who may drop out, with when they enrolled, were last there, and how they stand. Names only where they may be shown.
with
    learners as (
        select
            org,
            course_key,
            course_name,
            course_run,
            actor_id,
            enrollment_mode,
            enrolled_at,
            last_visited_at,
            grade_percent / 100 as grade,
            grade_bucket
        from at_risk_learners
        where true
    -- % include "course_filters"
    )
select
    learners.org as org,
    learners.course_key as course_key,
    learners.course_name as course_name,
    learners.course_run as course_run,
    learners.actor_id as actor_id,
    -- % if settings.pii
    names.username as username,
    names.name as name,
    names.email as email,
    -- % endif
    learners.enrollment_mode as enrollment_mode,
    learners.enrolled_at as enrolled_at,
    learners.last_visited_at as last_visited_at,
    dateDiff('day', learners.last_visited_at, now('UTC')) as days_away,
    learners.grade as grade,
    learners.grade_bucket as grade_bucket
from learners
-- % if settings.pii
left join
    (
        select actor_id, username, name, email from learner_names where actor_id in (select actor_id from learner_keys)
    ) as names
    on learners.actor_id = names.actor_id
    -- % endif
