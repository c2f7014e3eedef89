-- How often each second of a video was watched, by how many, and a row of nobody for each second that it has: charts
-- add up the rows of a second.
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    formatDateTime(toDateTime(second, 'UTC'), '%T') as position,
    unique_viewers as viewers,
    views - unique_viewers as repeat_views
from video_segments
where true
-- % include "block_filters"
union all
select
    org,
    course_key,
    course_name,
    course_run,
    block_id,
    formatDateTime(toDateTime(arrayJoin(range(toUInt32(ceil(ifNull(max(length), 0))))), 'UTC'), '%T') as position,
    toUInt64(0) as viewers,
    toInt64(0) as repeat_views
from video_views
where true
-- % include "block_filters"
group by org, course_key, course_name, course_run, block_id
