"""Filters of a dashboard reach the sort keys: a chart of one course reads that course."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.conftest import Warehouse
from tests.integration.statements import batches_of_the_sample, fill

VIEWS = (
    "blocks",
    "page_visits",
    "page_engagement",
    "problem_responses",
    "problem_results",
    "problem_engagement",
    "problem_help",
    "subsection_grades",
    "page_views",
    "problem_totals",
    "learner_progress",
    "learner_summary",
    "at_risk_learners",
)
OF_EVENTS = (
    "enrollments",
    "enrollment_changes_by_day",
    "enrollment_events_by_day",
    "active_learners_by_day",
    "course_grades",
    "events_by_day",
    "events_by_hour",
)
COURSE = "org = 'North' and course_key = 'course-v1:North+Bio+2025'"


@pytest.fixture(scope="module", autouse=True)
def something_stored(warehouse: Warehouse) -> None:
    """Of an empty table the plan says nothing."""
    fill(warehouse, batches_of_the_sample())


def reads(warehouse: Warehouse, query: str) -> dict[str, set[str]]:
    """For each table of `reporting` that a query reads, the columns of the sort key that it is searched by."""
    client = warehouse.client("admin")
    try:
        (plan,) = json.loads(
            "\n".join(row[0] for row in client.query(f"explain json = 1, indexes = 1 {query}").result_rows)
        )
    finally:
        client.close()
    found: dict[str, set[str]] = {}
    for node in nodes(plan["Plan"]):
        table = str(node.get("Description", ""))
        if node["Node Type"].startswith("ReadFromMergeTree") and table.startswith("reporting."):
            keys = {key for index in node.get("Indexes", []) if index["Type"] == "PrimaryKey" for key in index["Keys"]}
            found[table] = found.get(table, keys) & keys
    return found


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for inner in node.get("Plans", []):
        yield from nodes(inner)


@pytest.mark.parametrize("view", [*VIEWS, *OF_EVENTS])
def test_a_course_filter_reaches_every_table(warehouse: Warehouse, view: str) -> None:
    read = reads(warehouse, f"select * from reporting.{view} where {COURSE}")
    assert read
    assert all({"org", "course_key"} <= keys for keys in read.values()), read


@pytest.mark.parametrize("view", [*VIEWS, *OF_EVENTS])
def test_the_name_and_the_run_of_a_course_reach_the_key(warehouse: Warehouse, view: str) -> None:
    """As assets/queries/course_filters.sql has it."""
    named = "course_key in (select course_key from reporting.course_names where course_name in ('Biology'))"
    chosen = f"({named} or course_key in ('Biology')) and course_run(course_key) in ('2025')"
    read = reads(warehouse, f"select * from reporting.{view} where org in ('North') and {chosen}")
    assert read
    assert all("course_key" in keys for keys in read.values()), read


def test_a_course_filter_reaches_the_comparison_of_courses(warehouse: Warehouse) -> None:
    read = reads(warehouse, f"select * from reporting.course_comparison where {COURSE}")
    assert "course_key" in read["reporting.answered_problems"], read
    assert "course_key" in read["reporting.rollup_learners"], read


@pytest.mark.parametrize("view", ["problem_responses", "problem_results"])
def test_a_block_filter_reaches_what_is_sorted_by_block(warehouse: Warehouse, view: str) -> None:
    read = reads(warehouse, f"select * from reporting.{view} where {COURSE} and block_id = 'block'")
    assert "block_id" in read["reporting.answered_problems"], read


@pytest.mark.parametrize(
    ("view", "table"), [("page_visits", "rollup_page_visits"), ("learner_summary", "rollup_learners")]
)
def test_a_learner_filter_reaches_what_is_sorted_by_learner(warehouse: Warehouse, view: str, table: str) -> None:
    read = reads(warehouse, f"select * from reporting.{view} where {COURSE} and actor_id = 'ada'")
    assert "actor_id" in read[f"reporting.{table}"], read
