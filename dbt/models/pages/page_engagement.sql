-- How many pages of each subsection each learner has viewed, beside how many it has now. Who viewed
-- anything in a section has a row for each of its subsections, so the sums over a section are right.
with
    -- Each page that a learner viewed, as the subsection that it is in.
    viewed as (
        select org, course_key, actor_id, section, groupArray(subsection) as subsections
        from {{ ref("page_visits") }}
        group by org, course_key, actor_id, section
    ),
    totals as (
        select
            org,
            course_key,
            section,
            subsection,
            any(section_with_name) as section_with_name,
            any(subsection_with_name) as subsection_with_name,
            any(subsection_id) as subsection_id,
            count() as pages_total
        from {{ ref("blocks") }} as blocks
        where block_type = 'vertical' and blocks.subsection_id != ''
        group by org, course_key, section, subsection
    )
select
    totals.org as org,
    totals.course_key as course_key,
    {{ course_name("totals.course_key") }} as course_name,
    course_run(totals.course_key) as course_run,
    viewed.actor_id as actor_id,
    totals.section_with_name as section_with_name,
    totals.subsection_with_name as subsection_with_name,
    totals.subsection_id as subsection_id,
    countEqual(viewed.subsections, totals.subsection) as pages_viewed,
    totals.pages_total as pages_total
from viewed
inner join
    totals on viewed.org = totals.org and viewed.course_key = totals.course_key and viewed.section = totals.section
