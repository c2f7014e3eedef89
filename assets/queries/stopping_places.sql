-- Where enrolled learners who have not passed, and were not seen for a week, viewed their last page.
with
    stopped as (
        select org, course_key, course_name, course_run, last_place_id, last_place_position, count() as learners
        from learners
        where at_risk
        -- % include "course_filters"
        group by org, course_key, course_name, course_run, last_place_id, last_place_position
    )
select
    stopped.org as org,
    stopped.course_key as course_key,
    stopped.course_name as course_name,
    stopped.course_run as course_run,
    if(pages.page_key = 0, 'No page viewed', dictGet('places_by_key', 'place', pages.subsection_key)) as place,
    sum(stopped.learners) as learners
from stopped
left join
    pages_by_key as pages
    on page_key(stopped.course_key, stopped.last_place_id, stopped.last_place_position) = pages.page_key
group by org, course_key, course_name, course_run, place
