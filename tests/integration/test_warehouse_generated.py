"""Generated learners in generated courses: each table equals a recount of their statements in plain Python."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import date
from pathlib import Path

from aspects.fake.course import Scenario
from aspects.fake.produce import produce
from aspects.fake.sinks import ClickHouseSink
from aspects.warehouse.refresh import refresh
from tests.integration.conftest import Warehouse
from tests.integration.expected_learning import learning_tables
from tests.integration.learning import Place
from tests.integration.statements import LMS, empty
from tests.integration.test_warehouse_law import MEASURED, read


def test_generated_statements_are_counted_as_the_definitions_say(warehouse: Warehouse, tmp_path: Path) -> None:
    empty(warehouse)
    sink = ClickHouseSink(warehouse.client("lrs"), warehouse.client("sink"))
    produce(Scenario(7, date(2025, 6, 1), LMS), 4000, 1, sink, tmp_path / "truth.json")
    refresh(warehouse.settings)
    history = [json.loads(row[0]) for row in warehouse.rows("select event from xapi.xapi_events_all", user="lrs")]
    history.sort(key=lambda said: (said["timestamp"], said["id"]))
    expected = learning_tables(history, structure(warehouse))
    found = read(warehouse, {table: MEASURED[table] for table in expected})
    assert all(expected.values())
    for table, rows in expected.items():
        assert found[table] == sorted(rows, key=repr), table


def structure(warehouse: Warehouse) -> dict[str, list[Place]]:
    """The blocks of each course, as the LMS sent them."""
    found: dict[str, list[Place]] = defaultdict(list)
    for key, block, name, text in warehouse.rows(
        "select course_key, location, display_name, xblock_data_json from event_sink.course_blocks"
        " order by course_key, `order`",
        user="sink",
    ):
        facts = json.loads(str(text))
        numbers = (facts["section"], facts["subsection"], facts["unit"])
        found[str(key)].append(Place(str(block), facts["block_type"], str(name), bool(facts["graded"]), *numbers))
    return found
