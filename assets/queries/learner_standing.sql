-- Where each learner stands in each course. Names only where they may be shown, joined to the rows that are left.
with
    learners as (
        select * from learner_summary where true
    -- % include "course_filters"
    -- % include "one_learner"
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
    -- % else
    '' as username,
    '' as name,
    '' as email,
    -- % endif
    learners.enrolled_at as enrolled_at,
    learners.last_visited_at as last_visited_at,
    if(learners.enrollment_status = 'registered', 'Enrolled', 'Left') as standing,
    learners.enrollment_mode as enrollment_mode,
    multiIf(learners.state = 'passed', 'Passed', learners.state = 'failed', 'Did not pass', 'Not yet passed') as result,
    if(learners.grade_bucket = '', 'No grade', concat(learners.grade_bucket, ' %')) as grade_range,
    learners.grade_percent / 100 as grade
from learners
-- % if settings.pii
left join
    (
        select actor_id, username, name, email from learner_names where actor_id in (select actor_id from learner_keys)
    ) as names
    on learners.actor_id = names.actor_id
    -- % endif
