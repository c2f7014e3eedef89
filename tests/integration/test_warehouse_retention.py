"""Deleting what is old: which numbers stay, what a rebuild would lose, and who may do it.

The statements are of generated learners in courses of three years.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from aspects.errors import AspectsError
from aspects.fake.course import Scenario
from aspects.fake.produce import produce
from aspects.fake.sinks import ClickHouseSink
from aspects.warehouse import dbt
from aspects.warehouse.plan import tables_behind
from aspects.warehouse.refresh import refresh
from aspects.warehouse.retention import RetentionResult, retain
from tests.integration.conftest import Warehouse
from tests.integration.statements import LMS, Row, empty, store
from tests.integration.test_warehouse_law import MEASURED as COUNTED
from tests.integration.test_warehouse_law import read
from tests.integration.test_warehouse_refresh import COLUMNS

ENDS = (date(2023, 6, 1), date(2024, 6, 1), date(2025, 6, 1))
TODAY = date(2025, 6, 10)
MEASURED = COUNTED | COLUMNS


@pytest.fixture
def years(warehouse: Warehouse, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with statements of three years, refreshed."""
    empty(warehouse)
    sink = ClickHouseSink(warehouse.client("lrs"), warehouse.client("sink"))
    for end in ENDS:
        produce(Scenario(end.year, end, LMS), 1200, 1, sink, tmp_path / "truth.json")
    refresh(warehouse.settings)
    yield warehouse
    empty(warehouse)


def kept_for(warehouse: Warehouse, **months: int) -> Warehouse:
    return Warehouse(
        warehouse.settings.model_copy(update={f"retention_{name}": count for name, count in months.items()})
    )


def apply(warehouse: Warehouse, **months: int) -> RetentionResult:
    return retain(kept_for(warehouse, **months).settings, apply=True, today=TODAY)


def count(warehouse: Warehouse, table: str, day: str, time: str) -> object:
    """How many rows of a table are older than a day."""
    return warehouse.rows(f"select count() from {table} where {time} < '{day}'", user="admin")[0][0]


def test_nothing_goes_unless_a_setting_and_the_operator_say_so(years: Warehouse) -> None:
    before = read(years, MEASURED)
    assert retain(years.settings, apply=True, today=TODAY).deletions == []
    shown = retain(kept_for(years, raw_months=12, events_months=24, rollups_months=24).settings, today=TODAY)
    assert not shown.applied
    assert {one.table for one in shown.deletions} == {
        "xapi.xapi_events_all",
        "xapi.statement_ids",
        "reporting.statements",
        "reporting.rollup_activity",
    }
    raw = [one for one in shown.deletions if one.table == "xapi.xapi_events_all"]
    assert sum(one.rows for one in raw) == count(years, "xapi.xapi_events_all", "2024-06-01", "emission_time")
    assert [one.partition for one in raw] == sorted(one.partition for one in raw)
    for one in raw:
        assert one.bytes > 0
        assert one.oldest.strftime("%Y%m") == one.newest.strftime("%Y%m") == one.partition
    assert read(years, MEASURED) == before


def test_states_stay_when_statements_events_and_days_go(years: Warehouse) -> None:
    before = read(years, MEASURED)
    statements = raw_rows(years)
    shown = retain(kept_for(years, raw_months=12, events_months=24, rollups_months=24).settings, today=TODAY)
    gone = apply(years, raw_months=12, events_months=24, rollups_months=24)
    # Rows of one id collapse meanwhile, so their number may be another one.
    assert [(one.table, one.partition) for one in gone.deletions] == [
        (one.table, one.partition) for one in shown.deletions
    ]
    assert count(years, "xapi.statement_ids", "2024-06-01", "month") == 0
    assert apply(years, raw_months=12, events_months=24, rollups_months=24).deletions == []
    assert count(years, "xapi.xapi_events_all", "2024-06-01", "emission_time") == 0
    assert count(years, "reporting.statements", "2023-06-01", "event_time") == 0
    assert count(years, "reporting.active_learners_by_day", "2023-06-01", "day") == 0
    assert count(years, "reporting.statements", "2024-06-01", "event_time") != 0
    after = read(years, MEASURED)
    shrink = made_of(years, "statements", "rollup_activity")
    assert {"enrollments", "course_grades", "problem_responses", "page_visits", "video_views"} <= set(MEASURED) - shrink
    for table in set(MEASURED) - shrink:
        assert after[table] == before[table], table
    for table in ("events_by_day", "problem_help", "active_learners_by_day"):
        assert set(after[table]) < set(before[table]), table

    # The law for what is kept: a replay of it changes no number.
    store(years, [row for row in statements if row[1] >= datetime(2024, 6, 1, tzinfo=UTC)][::-1])
    refresh(years.settings, everything=True)
    assert read(years, MEASURED) == after


def made_of(warehouse: Warehouse, *tables: str) -> set[str]:
    """The views whose rows are made of one of these tables when they are read."""
    project = dbt.parse(warehouse.settings)
    wanted = {f"model.aspects.{table}" for table in tables}
    return {
        model.name
        for model in project.models.values()
        if not model.is_table and wanted & set(tables_behind(project, model))
    }


def raw_rows(warehouse: Warehouse) -> list[Row]:
    rows = warehouse.rows("select event_id, emission_time, event from xapi.xapi_events_all", user="lrs")
    return [(row[0], row[1].replace(tzinfo=UTC), row[2]) for row in rows]  # type: ignore[misc]  # rows are of objects


def test_a_build_that_would_lose_the_past_is_refused_and_readers_see_one_table_or_the_other(years: Warehouse) -> None:
    assert dbt.plan(years.settings).rebuilds == []
    grades = "select count() from reporting.course_grades"
    ((before,),) = years.rows(grades)
    apply(years, events_months=12)
    assert years.rows(grades) == [(before,)]
    admin = years.client("admin")
    admin.command("alter table reporting.rollup_learners_trigger modify comment 'another model'")
    admin.close()
    with pytest.raises(AspectsError) as refused:
        dbt.run(years.settings, ["rollup_learners"])
    assert refused.value.code == "dbt.loss"
    assert "rollup_learners (changed)" in refused.value.why
    assert years.rows(grades) == [(before,)]

    seen: list[object] = []
    done = threading.Event()

    def look() -> None:
        while not done.is_set():
            seen.append(years.rows(grades)[0][0])

    reader = threading.Thread(target=look)
    reader.start()
    try:
        built = dbt.run(years.settings, ["rollup_learners"], accept_loss=True)
    finally:
        done.set()
        reader.join()
    assert built.rebuilt == ["rollup_learners"]
    ((after,),) = years.rows(grades)
    assert 0 < after < before  # type: ignore[operator]  # rows are of objects
    assert sorted(seen, reverse=True) == seen
    assert set(seen) == {before, after}

    # What was lost is known, so the next build of the same table is not refused again.
    known = "select count() from reporting.deletions where table_name = 'reporting.rollup_learners'"
    assert years.rows(known, user="dbt") == [(1,)]


def test_whoever_deletes_reads_no_statement_and_deletes_nothing_else(years: Warehouse) -> None:
    for forbidden in (
        "select event from xapi.xapi_events_all",
        "select actor_id from reporting.statements",
        "alter table reporting.rollup_learners delete where true",
        "truncate table xapi.xapi_events_all",
        "insert into xapi.xapi_events_all (event) values ('{}')",
    ):
        with pytest.raises(Exception, match="Not enough privileges"):
            years.rows(forbidden, user="retention")
