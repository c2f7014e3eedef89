-- Statements that cannot be used, with the reason: the dead letters.
select
    min(refused_at) as refused_at,
    event_id,
    event_time as emission_time,
    any(refusal_reason) as reason,
    any(refused_statement) as statement
from {{ everywhere(ref("statements")) }}
where org = '' and course_key = '' and kind = 'refused'
group by event_id, event_time
