"""Small statements for the tests of the warehouse, in many batches and orders."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st

from aspects.warehouse.refresh import refresh
from tests.integration.conftest import Warehouse
from tests.integration.learning import DUMP_COLUMNS, Dumped, dumps, learning

LMS = "https://lms.example"
COURSES = ("course-v1:North+Bio+2025", "course-v1:South+Art+2025", "ccx-v1:North+Bio+2025+ccx@3")
ACTORS = ("ada", "ben", "cyd")
MODES = ("audit", "verified")
START = datetime(2025, 2, 27, 22, 0, tzinfo=UTC)
RAW_COLUMNS = ("event_id", "emission_time", "event")

Row = tuple[UUID, datetime, str]
"""What an LRS writes: id, time, and the statement as JSON."""


def statement(number: int, verb: str, obj: dict[str, Any], **parts: Any) -> dict[str, Any]:
    """A valid statement. Its id sorts differently as text and in ClickHouse's own order of UUIDs."""
    half = (number * 0x9E3779B97F4A7C15) % 2**64
    return {
        "id": str(UUID(int=(number << 64) | half)),
        "timestamp": START.isoformat(),
        "actor": {"account": {"homePage": LMS, "name": "ada"}},
        "verb": {"id": verb},
        "object": obj,
        **parts,
    }


def row_of(said: dict[str, Any]) -> Row:
    return UUID(said["id"]), datetime.fromisoformat(said["timestamp"]), json.dumps(said)


def store(warehouse: Warehouse, rows: list[Row]) -> None:
    """Insert rows as an LRS does: one insert, as the user lrs."""
    client = warehouse.client("lrs")
    try:
        client.insert("xapi.xapi_events_all", rows, column_names=RAW_COLUMNS)
    finally:
        client.close()


def publish(warehouse: Warehouse, rows: list[Dumped]) -> None:
    """Insert blocks of courses as the LMS does: one insert, as the user sink."""
    client = warehouse.client("sink")
    try:
        client.insert("event_sink.course_blocks", rows, column_names=DUMP_COLUMNS)
    finally:
        client.close()


def empty(warehouse: Warehouse) -> None:
    """Take every statement out, and all that was made of them."""
    client = warehouse.client("admin")
    try:
        tables = client.query(
            "select database || '.' || name from system.tables where engine like '%MergeTree'"
            " and (database in ('xapi', 'event_sink') or database = 'reporting' and name != 'dbt_runs')"
        ).result_rows
        for (table,) in tables:
            client.command(f"truncate table {table}")
    finally:
        client.close()


def fill(warehouse: Warehouse, inserts: list[list[Row]], dumped: list[list[Dumped]] | None = None) -> None:
    """Store the statements, and before them what the LMS says of the courses: all at once unless given. Refresh."""
    empty(warehouse)
    for blocks in dumped or [dumps()]:
        publish(warehouse, blocks)
    for rows in inserts:
        store(warehouse, rows)
    refresh(warehouse.settings)


def course(key: str, **definition: Any) -> dict[str, Any]:
    return {
        "id": f"{LMS}/course/{key}",
        "definition": {"type": "http://adlnet.gov/expapi/activities/course", **definition},
    }


@st.composite
def said(draw: st.DrawFn, number: int, learn: int) -> Row:
    """One statement of a kind that a table counts on, or a broken one. Times collide on purpose."""
    key = draw(st.sampled_from(COURSES))
    when = START + draw(st.integers(0, 5)) * timedelta(hours=1)
    parts: dict[str, Any] = {
        "timestamp": when.isoformat(),
        "actor": {"account": {"homePage": LMS, "name": draw(st.sampled_from(ACTORS))}},
    }
    parent = {"contextActivities": {"parent": [course(key)]}}
    kinds = ("enrol", "leave", "grade", "result", "visit", "strange", "broken", *["learn"] * learn)
    kind = draw(st.sampled_from(kinds))
    if kind == "learn":
        verb, target, more = learning(draw, key, LMS, course(key))
        return row_of(statement(number, verb, target, **parts, **more))
    if kind in ("enrol", "leave"):
        verb = (
            "http://adlnet.gov/expapi/verbs/registered"
            if kind == "enrol"
            else "http://id.tincanapi.com/verb/unregistered"
        )
        mode = {"https://w3id.org/xapi/acrossx/extensions/type": draw(st.sampled_from(MODES))}
        return row_of(statement(number, verb, course(key, extensions=mode), **parts))
    if kind == "grade":
        result = {
            "score": {"scaled": draw(st.sampled_from((0.0, 0.1, 0.3, 0.65, 0.9, 1.0)))},
            "extensions": {
                "http://www.tincanapi.co.uk/activitytypes/grade_classification": draw(st.sampled_from(("Pass", "Fail")))
            },
        }
        earned = "http://id.tincanapi.com/verb/earned"
        return row_of(statement(number, earned, course(key), result=result, context=parent, **parts))
    if kind == "result":
        verb = "http://adlnet.gov/expapi/verbs/" + draw(st.sampled_from(("passed", "failed")))
        return row_of(statement(number, verb, course(key), **parts))
    if kind == "broken":
        identity, time, text = row_of(statement(number, "", course(key), **parts))
        return identity, time, draw(st.sampled_from((text, text[:-1], "[]", "")))
    verb = "https://w3id.org/xapi/dod-isd/verbs/navigated" if kind == "visit" else "https://example.org/verbs/juggled"
    block = {"id": f"{LMS}/xblock/{key.replace('course-v1', 'block-v1')}+type@sequential+block@s"}
    return row_of(statement(number, verb, block, context=parent, **parts))


@st.composite
def batches(draw: st.DrawFn, learn: int = 7) -> list[list[Row]]:
    """Some statements, in inserts of any size and order, with duplicates inside and across them.

    Of 7 + `learn` statements, `learn` are of what learners do inside the course.
    """
    rows = [draw(said(number, learn)) for number in range(1, draw(st.integers(1, 25)) + 1)]
    again = draw(st.lists(st.sampled_from(rows), max_size=10))
    order = draw(st.permutations(rows + again))
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(order) - 1)), max_size=8)))
    edges = [0, *cuts, len(order)]
    return [order[start:end] for start, end in pairwise(edges) if order[start:end]]


def batches_of_the_sample() -> list[list[Row]]:
    """A fixed set of a few hundred statements in uneven inserts."""
    return find(
        batches(),
        lambda inserts: sum(map(len, inserts)) > 30,
        settings=settings(
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            max_examples=500,
        ),
    )
