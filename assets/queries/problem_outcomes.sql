-- One row for each problem that anybody answered: how many were correct in the end.
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    subsection_id,
    block_with_location as problem,
    graded,
    learners,
    correct,
    correct_first
from problem_totals
where
    true and {{ can_view_courses() }}
    -- % include "course_key_filter"
    {% if filter_values("block_id") %}
        and (
            block_id in {{ filter_values("block_id", remove_filter=True) | where_in }}
            or subsection_id in {{ filter_values("block_id", remove_filter=True) | where_in }}
        )
    {% endif %}
