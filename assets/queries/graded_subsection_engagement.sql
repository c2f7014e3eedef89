-- How many learners attempted all or some of the graded problems of each graded subsection, and their scores.
with
    attempts as (
        select
            org,
            course_key,
            course_name,
            course_run,
            subsection_id,
            subsection_with_name,
            countIf(problems_attempted > 0) as attempted_any,
            countIf(problems_attempted = problems_total) as attempted_all
        from problem_engagement
        where graded and {{ can_view_courses() }}
        -- % include "course_key_filter"
        group by org, course_key, course_name, course_run, subsection_id, subsection_with_name
    ),
    scores as (
        select course_key, subsection_id, count() as learners_with_score, avg(score_percent) as average_score
        from subsection_grades
        where graded and {{ can_view_courses() }}
        -- % include "course_key_filter"
        group by course_key, subsection_id
    )
select
    attempts.org as org,
    attempts.course_key as course_key,
    attempts.course_name as course_name,
    attempts.course_run as course_run,
    attempts.subsection_with_name as subsection,
    attempts.attempted_all as attempted_all,
    attempts.attempted_any - attempts.attempted_all as attempted_some,
    scores.learners_with_score as learners_with_score,
    scores.average_score as average_score
from attempts
left join scores on attempts.course_key = scores.course_key and attempts.subsection_id = scores.subsection_id
