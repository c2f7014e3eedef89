"""One statement, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aspects.settings import Settings
from aspects.warehouse.client import connect, explain


@dataclass(frozen=True)
class Answer:
    """Column names, and rows with one value a column, of Python's own types."""

    columns: list[str]
    rows: list[Sequence[Any]]


def query(settings: Settings, statement: str, user: str = "report") -> Answer:
    """Run one statement as a user of the warehouse. A statement with no result gives no columns and no rows.

    Raises AspectsError: those of `connect`, and `warehouse.query` with what the server said.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    client = connect(settings, user=user)
    try:
        result = client.query(statement)
    except ClickHouseError as error:
        raise explain(error, settings, user) from error
    finally:
        client.close()
    return Answer(columns=list(result.column_names), rows=list(result.result_rows))
