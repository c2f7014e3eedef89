-- The newest that has come from each source, and how long ago that was.
select
    transform(
        source,
        ['statements', 'courses', 'blocks', 'tags', 'people', 'refresh', 'superset'],
        [
            'Statements of learners',
            'Courses of the LMS',
            'Course outlines of the LMS',
            'Tags of the LMS',
            'Profiles of the LMS',
            'Refresh of watched videos',
            'Use of Superset'
        ],
        source
    ) as source_name,
    meaning,
    last_at,
    if(seconds_ago is null, null, greatest(0, seconds_ago) / 3600) as hours_ago
from data_freshness
