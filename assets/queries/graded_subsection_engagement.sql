-- How many learners attempted all or some of the graded problems of each graded subsection, and their scores.
with
    attempts_and_scores as (
        select
            org,
            course_key,
            course_name,
            course_run,
            subsection_with_name,
            count() as attempted_any,
            countIf(problems_attempted = problems_total) as attempted_all,
            0 as learners_with_score,
            null as average_score
        from problem_engagement
        where graded and {{ can_view_courses() }}
        -- % include "course_key_filter"
        group by org, course_key, course_name, course_run, subsection_with_name
        union all
        select
            org,
            course_key,
            course_name,
            course_run,
            subsection_with_name,
            0 as attempted_any,
            0 as attempted_all,
            count() as learners_with_score,
            avg(score_percent) as average_score
        from subsection_grades
        where graded and {{ can_view_courses() }}
        -- % include "course_key_filter"
        group by org, course_key, course_name, course_run, subsection_with_name
    )
select
    org,
    course_key,
    course_name,
    course_run,
    subsection_with_name as subsection,
    sum(attempts_and_scores.attempted_all) as attempted_all,
    sum(attempts_and_scores.attempted_any) - attempted_all as attempted_some,
    sum(attempts_and_scores.learners_with_score) as learners_with_score,
    max(attempts_and_scores.average_score) as average_score
from attempts_and_scores
group by org, course_key, course_name, course_run, subsection
