"""Inserts that die half-way: what the raw table has reaches every table that is made of it, sooner or later."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import OperationalError

from aspects.errors import AspectsError
from aspects.warehouse.refresh import refresh
from aspects.xapi.statement import Statement, check
from aspects.xapi.store import StatementStore
from tests.integration.conftest import Warehouse
from tests.integration.statements import empty
from tests.integration.test_warehouse import sample
from tests.integration.test_warehouse_law import COLUMNS, read


def statements() -> list[Statement]:
    checked = [check(row[2].encode()) for row in sample()]
    return [one for one in checked if isinstance(one, Statement)]


def test_an_insert_that_died_half_way_is_finished_by_the_next_run(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The raw rows are written, a table that is made of them is not, and the connection is lost."""
    empty(warehouse)
    with closing(warehouse.client("lrs")) as lrs, closing(warehouse.client("admin")) as admin:
        assert StatementStore(lrs).add(statements()).stored == len(statements())
        refresh(warehouse.settings)
        whole = read(warehouse, COLUMNS)

        empty(warehouse)
        insert = lrs.raw_insert

        def insert_and_die(*words: Any, **more: Any) -> None:
            insert(*words, **more)
            raise OperationalError("connection lost")

        admin.command("detach table reporting.rollup_learners_trigger")
        monkeypatch.setattr(lrs, "raw_insert", insert_and_die)
        try:
            with pytest.raises(AspectsError, match="could not be stored"):
                StatementStore(lrs, tmp_path).add(statements())
        finally:
            monkeypatch.undo()
            admin.command("attach table reporting.rollup_learners_trigger")
        raw = "select count() from xapi.xapi_events_all"
        assert warehouse.rows(raw, user="lrs") == [(len(statements()),)]
        refresh(warehouse.settings)
        assert read(warehouse, COLUMNS) != whole, "nothing is missing: the test shows nothing"

        assert len(list(tmp_path.iterdir())) == 1
        again = StatementStore(lrs, tmp_path).add(statements())
        assert (again.stored, again.duplicates) == (0, len(statements()))
    refresh(warehouse.settings)
    assert read(warehouse, COLUMNS) == whole
    assert list(tmp_path.iterdir()) == []


def test_an_insert_leaves_no_note_behind(warehouse: Warehouse, tmp_path: Path) -> None:
    empty(warehouse)
    with closing(warehouse.client("lrs")) as lrs:
        StatementStore(lrs, tmp_path).add(statements())
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_noted_is_not_stored(warehouse: Warehouse, tmp_path: Path) -> None:
    empty(warehouse)
    (tmp_path / "file").touch()
    with closing(warehouse.client("lrs")) as lrs, pytest.raises(AspectsError) as refused:
        StatementStore(lrs, tmp_path / "file").add(statements())
    assert refused.value.code == "data.not_noted"
    assert warehouse.rows("select count() from xapi.xapi_events_all", user="lrs") == [(0,)]
