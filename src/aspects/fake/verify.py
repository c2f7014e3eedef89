"""The warehouse's numbers against the ground truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aspects.errors import AspectsError
from aspects.fake.truth import MEASURES, Expected, Key

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

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
}  # fmt: skip
"""How each measure is read from the views that dashboards read: the key's columns, then the value.

The warehouse may hold other courses too, so every question is about the truth's own.
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the warehouse and the truth differ. A value that one of them does not have is 0."""

    measure: str
    key: dict[str, str]
    expected: Any
    found: Any


def verify(client: Client, expected: Expected) -> list[Difference]:
    """Compare every measure of the truth with the warehouse.

    Raises AspectsError when the warehouse cannot be asked.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    differences: list[Difference] = []
    for measure, values in expected.measures.items():
        try:
            rows = client.query(QUERIES[measure], parameters={"courses": expected.courses}).result_rows
        except ClickHouseError as error:
            raise AspectsError(
                f"The measure {measure} cannot be read from the warehouse.",
                why=str(error).strip(),
                fix="Build the warehouse with ./inv warehouse.migrate and ./inv dbt.run, then verify again.",
                code="data.verify_query",
            ) from error
        found: dict[Key, Any] = {tuple(str(part) for part in row[:-1]): row[-1] for row in rows}
        differences += compare(measure, values, found)
    return differences


def compare(measure: str, expected: dict[Key, Any], found: dict[Key, Any]) -> list[Difference]:
    """The keys at which two sets of values differ."""
    names = MEASURES[measure]
    return [
        Difference(measure, dict(zip(names, key, strict=True)), expected.get(key, 0), found.get(key, 0))
        for key in sorted(expected.keys() | found.keys())
        if expected.get(key, 0) != found.get(key, 0)
    ]
