"""How each measure of the truth is read from the warehouse."""

from __future__ import annotations

from typing import Final

QUERIES: Final[dict[str, str]] = {
    "currently_enrolled": """
        select course_key, count() from reporting.enrollments
        where course_key in {courses:Array(String)} and enrollment_status = 'registered' group by course_key
    """,
    "currently_enrolled_by_mode": """
        select course_key, enrollment_mode, count() from reporting.enrollments
        where course_key in {courses:Array(String)} and enrollment_status = 'registered'
        group by course_key, enrollment_mode
    """,
    "enrollment_changes_by_day": """
        select course_key, enrollment_mode, toString(day), sum(change) as total
        from reporting.enrollment_changes_by_day
        where course_key in {courses:Array(String)} group by course_key, enrollment_mode, day having total != 0
    """,
    "cumulative_enrollment_by_day": """
        select course_key, enrollment_mode, toString(day),
            sum(total) over (partition by course_key, enrollment_mode order by day) as cumulative
        from (
            select course_key, enrollment_mode, day, sum(change) as total
            from reporting.enrollment_changes_by_day
            where course_key in {courses:Array(String)} group by course_key, enrollment_mode, day having total != 0
        )
    """,
    "active_learners_by_day": """
        select course_key, toString(day), uniqExact(actor_id) from reporting.active_learners_by_day
        where course_key in {courses:Array(String)} group by course_key, day
    """,
    "events_by_day": """
        select course_key, toString(day), kind, sum(events) from reporting.events_by_day
        where course_key in {courses:Array(String)} group by course_key, day, kind
    """,
    "grade_buckets": """
        select course_key, grade_bucket, count() from reporting.course_grades
        where course_key in {courses:Array(String)} and grade_bucket != '' group by course_key, grade_bucket
    """,
    "passing_learners": """
        select course_key, count() from reporting.course_grades
        where course_key in {courses:Array(String)} and state = 'passed' group by course_key
    """,
    "active_learners_per_day": """
        select toString(day), uniqExact(actor_id) from reporting.active_learners_by_day
        where course_key in {courses:Array(String)} group by day
    """,
    "active_courses_per_day": """
        select toString(day), uniqExact(course_key) from reporting.active_learners_by_day
        where course_key in {courses:Array(String)} group by day
    """,
    "organizations": """
        select uniqExact(org) from reporting.events where course_key in {courses:Array(String)}
    """,
    "last_event_time": """
        select concat(formatDateTime(max(event_time), '%Y-%m-%dT%H:%i:%S.%f', 'UTC'), '+00:00')
        from reporting.events where course_key in {courses:Array(String)}
    """,
    "statements": "select count() from reporting.events where course_key in {courses:Array(String)}",
    "enrollment_days": """
        select course_key, toString(toDate(enrolled_at)), count() from reporting.enrollments
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "blocks": """
        select course_key, block_type, toUInt8(graded), uniqExact(block_id) from reporting.blocks
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "course_tags": """
        select course_key, taxonomy, tag, uniqExact(course_key) from reporting.course_tags
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "page_visits": """
        select course_key, subsection_id, unit_id, uniqExact(actor_id) from reporting.page_visits
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "page_engagement": """
        select course_key, subsection_id, pages_viewed, pages_total, uniqExact(actor_id) from reporting.page_engagement
        where course_key in {courses:Array(String)} group by 1, 2, 3, 4
    """,
    "problem_first_responses": """
        select course_key, block_id, question, first_response, toUInt8(first_success), uniqExact(actor_id)
        from reporting.problem_responses where course_key in {courses:Array(String)} group by 1, 2, 3, 4, 5
    """,
    "problem_last_responses": """
        select course_key, block_id, question, last_response, toUInt8(last_success), uniqExact(actor_id)
        from reporting.problem_responses where course_key in {courses:Array(String)} group by 1, 2, 3, 4, 5
    """,
    "problem_results": """
        select course_key, block_id, attempts, toUInt8(correct), toUInt8(correct_first), uniqExact(actor_id)
        from reporting.problem_results where course_key in {courses:Array(String)} group by 1, 2, 3, 4, 5
    """,
    "problem_engagement": """
        select course_key, subsection_id, toUInt8(graded), problems_attempted, problems_total, uniqExact(actor_id)
        from reporting.problem_engagement
        where course_key in {courses:Array(String)} group by 1, 2, 3, 4, 5
    """,
    "problem_help": """
        select course_key, block_id, shown, sum(times) from reporting.problem_help
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "problem_help_learners": """
        select course_key, block_id, shown, uniqExact(actor_id) from reporting.problem_help
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "subsection_grades": """
        select course_key, subsection_id, toInt64(round(score_percent)), uniqExact(actor_id)
        from reporting.subsection_grades where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "video_intervals": """
        select course_key, block_id, count() from reporting.video_intervals
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "video_total_milliseconds": """
        select course_key, block_id, sum(toInt64(round(1000 * watched_total))) from reporting.video_views
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "video_watched_milliseconds": """
        select course_key, block_id, sum(toInt64(round(1000 * watched_seconds))) from reporting.video_views
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "video_views": """
        select course_key, block_id, toUInt8(fully_viewed), uniqExact(actor_id) from reporting.video_views
        where course_key in {courses:Array(String)} and watched_seconds > 0 group by 1, 2, 3
    """,
    "video_segment_views": """
        select course_key, block_id, second, sum(views) from reporting.video_segments
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "video_segment_viewers": """
        select course_key, block_id, second, sum(unique_viewers) from reporting.video_segments
        where course_key in {courses:Array(String)} group by 1, 2, 3
    """,
    "video_engagement": """
        select course_key, subsection_id, videos_viewed, videos_total, uniqExact(actor_id)
        from reporting.video_engagement
        where course_key in {courses:Array(String)} group by 1, 2, 3, 4
    """,
    "learner_summary": """
        select course_key, enrollment_status, enrollment_mode, state, grade_bucket, uniqExact(actor_id)
        from reporting.learner_summary where course_key in {courses:Array(String)} group by 1, 2, 3, 4, 5
    """,
    "last_visits": """
        select course_key, toString(toDate(last_visited_at)), uniqExact(actor_id) from reporting.learner_summary
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "at_risk_learners": """
        select course_key, toString(toDate(last_visited_at)), uniqExact(actor_id) from reporting.at_risk_learners
        where course_key in {courses:Array(String)} group by 1, 2
    """,
    "refused_statements": """
        select reason, uniqExact(event_id) from reporting.refused_statements
        where {mark:String} != '' and startsWith(toString(event_id), {mark:String}) group by reason
    """,
    "course_comparison": """
        select course_key, figure.1, figure.2 from (
            select course_key, arrayJoin([
                ('enrollees', toFloat64(enrollees)), ('passed', toFloat64(passed)),
                ('average_grade', ifNull(toFloat64(average_grade), 0)),
                ('median_grade', ifNull(toFloat64(median_grade), 0))
            ]) as figure
            from reporting.course_comparison where course_key in {courses:Array(String)}
        )
    """,
}
"""How each measure is read from the views that dashboards read: the key's columns, then the value.

The warehouse may hold other courses too, so every question is about the truth's own.
"""
