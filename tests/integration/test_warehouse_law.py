"""The law of the warehouse: any batching, any order and any replay of the same statements give the same numbers.

Hypothesis makes the statements and the inserts; a real server stores them. Each table that a dashboard reads is
compared with one insert of everything, each statement once, and with plain Python that knows the definitions.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from aspects.warehouse import dbt
from aspects.warehouse.refresh import refresh
from tests.integration.conftest import Warehouse
from tests.integration.expected import tables_for
from tests.integration.learning import Dumped, publishes
from tests.integration.statements import Row, batches, batches_of_the_sample, fill, store

COLUMNS = {
    "events": "*",
    "refused_statements": "* except (refused_at)",
    "courses": "*",
    "enrollments": "*",
    "enrollment_changes_by_day": "*",
    "active_learners_by_day": "*",
    "events_by_day": "*",
    "events_by_hour": "*",
    "enrollment_events_by_day": "*",
    "course_grades": "*",
    "blocks": "*",
    "page_visits": "*",
    "page_engagement": "*",
    "page_views": "*",
    "problem_responses": "*",
    "problem_results": "*",
    "problem_totals": "*",
    "problem_engagement": "*",
    "problem_help": "*",
    "subsection_grades": "*",
    "learner_summary": "*",
    "at_risk_learners": "*",
    "course_comparison": "*",
    "learner_progress": "*",
}
"""The tables that a dashboard reads. When a statement was refused is not a number of the law."""

MEASURED = {
    "enrollments": "course_key, actor_id, enrollment_status, enrollment_mode, enrolled_at",
    "enrollment_changes_by_day": "course_key, enrollment_mode, day, change",
    "active_learners_by_day": "course_key, day, actor_id",
    "events_by_day": "course_key, day, kind, events",
    "enrollment_events_by_day": "course_key, day, enrollment_status, enrollment_mode, events",
    "course_grades": "course_key, actor_id, round(grade_percent, 9), state, grade_bucket",
    "refused_statements": "toString(event_id), statement",
    "page_visits": "course_key, actor_id, subsection_id, unit_id, first_visited_at, last_visited_at",
    "page_engagement": "course_key, actor_id, section_with_name, subsection_with_name, subsection_id, pages_viewed,"
    " pages_total",
    "page_views": "course_key, actor_id, day, subsection_with_name, unit_id",
    "problem_responses": "course_key, actor_id, block_id, question, first_response, first_success, first_at,"
    " last_response, last_success, last_attempt, last_at",
    "problem_results": "course_key, actor_id, block_id, graded, attempts, correct, correct_first",
    "problem_totals": "course_key, block_id, learners, correct, correct_first, round(average_attempts, 9)",
    "problem_engagement": "course_key, actor_id, section_with_name, subsection_with_name, subsection_id, graded,"
    " problems_attempted, problems_total",
    "problem_help": "course_key, block_id, shown, actor_id, times",
    "subsection_grades": "course_key, actor_id, subsection_id, score_percent, graded_at",
    "learner_summary": "course_key, actor_id, enrollment_status, enrollment_mode, enrolled_at, last_visited_at,"
    " round(grade_percent, 9), grade_bucket, state, at_risk",
    "at_risk_learners": "course_key, actor_id, enrollment_status, enrollment_mode, enrolled_at, last_visited_at,"
    " round(grade_percent, 9), grade_bucket, state",
    "course_comparison": "course_key, enrollees, passed, at_risk, round(average_grade, 6), round(median_grade, 6)",
}

slow = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


def read(warehouse: Warehouse, columns: dict[str, str]) -> dict[str, list[tuple[Any, ...]]]:
    """What a dashboard would read, each table's rows in one order."""
    client = warehouse.client("report")
    try:
        return {
            table: sorted(
                (
                    tuple(map(_plain, row))
                    for row in client.query(f"select {wanted} from reporting.{table}").result_rows
                ),
                key=repr,
            )
            for table, wanted in columns.items()
        }
    finally:
        client.close()


def _plain(value: Any) -> Any:
    """Times come without a zone, and are UTC."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def full_build(inserts: list[list[Row]]) -> list[list[Row]]:
    """The same statements, each once, in one insert and in the order of their ids."""
    return [sorted({row for rows in inserts for row in rows})]


@settings(slow, max_examples=10)
@given(inserts=batches(), dumped=publishes())
def test_any_batching_order_and_replay_gives_the_numbers_of_one_full_build(
    warehouse: Warehouse, inserts: list[list[Row]], dumped: list[list[Dumped]]
) -> None:
    fill(warehouse, inserts, dumped)
    found, measured = read(warehouse, COLUMNS), read(warehouse, MEASURED)
    fill(warehouse, full_build(inserts))
    assert found == read(warehouse, COLUMNS)
    expected = tables_for([row for rows in inserts for row in rows])
    assert measured == {table: sorted(rows, key=repr) for table, rows in expected.items()}


@pytest.fixture
def wrong_model(warehouse: Warehouse, request: pytest.FixtureRequest) -> Iterator[str]:
    """A table that a careless model would make, filled by a trigger."""
    columns, engine, order, select = request.param
    client = warehouse.client("admin")
    client.command(f"create table reporting.careless ({columns}) engine = {engine} order by {order}")
    client.command(f"create materialized view reporting.careless_trigger to reporting.careless as {select}")
    yield "careless"
    client.command("drop view reporting.careless_trigger sync")
    client.command("drop table reporting.careless sync")
    client.close()


@pytest.mark.parametrize(
    "wrong_model",
    [
        pytest.param(
            (
                "course_key String, events UInt64",
                "SummingMergeTree",
                "course_key",
                "select course_key, count() as events from reporting.statements group by course_key",
            ),
            id="a sum counts duplicates",
        ),
        pytest.param(
            (
                "course_key String, actor_id String, verb_id String",
                "ReplacingMergeTree",
                "(course_key, actor_id)",
                "select course_key, actor_id, verb_id from reporting.statements where kind = 'enrollment'",
            ),
            id="the last to arrive is not the latest",
        ),
        pytest.param(
            (
                "course_key String, actor_id String, event_id UUID, number UInt64",
                "ReplacingMergeTree",
                "(course_key, actor_id, event_id)",
                "select course_key, actor_id, event_id, row_number() over"
                " (partition by course_key, actor_id order by event_time) as number from reporting.statements",
            ),
            id="a window sees one insert",
        ),
    ],
    indirect=True,
)
def test_a_careless_model_is_found_out(warehouse: Warehouse, wrong_model: str) -> None:
    def breaks_the_law(inserts: list[list[Row]]) -> bool:
        read_all = {f"{wrong_model} final": "*"}
        fill(warehouse, inserts)
        found = read(warehouse, read_all)
        fill(warehouse, full_build(inserts))
        return found != read(warehouse, read_all)

    assert find(
        batches(learn=0),
        breaks_the_law,
        settings=settings(slow, max_examples=100, phases=[Phase.generate], derandomize=True),
    )


def test_a_full_refresh_and_a_second_run_change_no_number(warehouse: Warehouse) -> None:
    inserts = batches_of_the_sample()
    fill(warehouse, inserts)
    found = read(warehouse, COLUMNS)
    dbt.run(warehouse.settings)
    assert read(warehouse, COLUMNS) == found
    dbt.run(warehouse.settings, full_refresh=True)
    refresh(warehouse.settings)
    assert read(warehouse, COLUMNS) == found


def test_a_model_that_is_built_late_holds_what_was_stored_before(warehouse: Warehouse) -> None:
    inserts = batches_of_the_sample()
    fill(warehouse, inserts)
    found = read(warehouse, COLUMNS)
    client = warehouse.client("admin")
    for model in ("rollup_enrollment", "rollup_grades", "rollup_learners"):
        client.command(f"drop view reporting.{model}_trigger sync")
        client.command(f"drop table reporting.{model} sync")
    client.close()
    dbt.run(warehouse.settings)
    assert read(warehouse, COLUMNS) == found


def test_statements_that_arrive_during_a_rebuild_are_not_lost(warehouse: Warehouse) -> None:
    inserts = batches_of_the_sample()
    fill(warehouse, full_build(inserts))
    expected = read(warehouse, COLUMNS)
    fill(warehouse, [])
    stop = threading.Event()
    sent: list[Row] = []

    def send() -> None:
        for row in full_build(inserts)[0]:
            store(warehouse, [row])
            sent.append(row)
            if stop.wait(0.02):
                break

    sender = threading.Thread(target=send)
    sender.start()
    dbt.run(warehouse.settings, full_refresh=True)
    stop.set()
    sender.join()
    assert len(sent) > 10, "nothing arrived during the rebuild: the test shows nothing"
    store(warehouse, [row for row in full_build(inserts)[0] if row not in sent] or sent[:1])
    refresh(warehouse.settings)
    assert read(warehouse, COLUMNS) == expected
