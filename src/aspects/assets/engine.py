"""Asks the running ClickHouse what a query would return, without running it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import httpx

from aspects.settings import Settings


class EngineRefusedError(Exception):
    """The engine does not accept a query. `line` counts from 1 in that query, or is 0."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


class EngineUnreachableError(Exception):
    """No engine answers, or it does not let us in."""


@dataclass(frozen=True)
class ResultColumn:
    """A column of a query's result and the engine's name of its type."""

    name: str
    type: str


@dataclass(frozen=True)
class LoggedQuery:
    """A query that has ended, from the engine's log. `began` is as `Engine.now` has it."""

    began: str
    text: str
    read_rows: int
    memory_bytes: int


class Engine:
    """A connection to ClickHouse's HTTP interface as the user `report`."""

    def __init__(self, url: str, password: str, database: str = "reporting") -> None:
        self._client = httpx.Client(
            base_url=url,
            headers={"X-ClickHouse-User": "report", "X-ClickHouse-Key": password},
            params={"database": database, "default_format": "JSONCompact"},
            timeout=httpx.Timeout(15, connect=2),
        )

    @classmethod
    def of(cls, settings: Settings, password: str) -> Engine:
        """The stack's engine. Raises EngineUnreachableError when nothing answers there."""
        engine = cls(settings.clickhouse_url, password)
        try:
            engine._ask("select 1")
        except (httpx.HTTPError, EngineRefusedError) as error:
            engine.close()
            raise EngineUnreachableError(f"{settings.clickhouse_url}: {error}") from error
        return engine

    def close(self) -> None:
        self._client.close()

    def describe(self, sql: str) -> list[ResultColumn]:
        """The columns that a query returns. Raises EngineRefusedError with the engine's words."""
        rows = self._ask(f"describe (\n{sql}\n)", first_line=2)
        return [ResultColumn(str(row[0]), str(row[1])) for row in rows]

    def accepts(self, sql: str) -> bool:
        """Whether the engine can resolve every name and type in a query: two thirds of the time of `describe`."""
        try:
            self._ask(f"explain query tree dump_tree = 0, dump_ast = 1\n{sql}")
        except EngineRefusedError:
            return False
        return True

    def columns(self) -> dict[str, list[ResultColumn]]:
        """The columns of each table and view that this user may see in the database."""
        found: dict[str, list[ResultColumn]] = {}
        statement = "select table, name, type from system.columns where database = currentDatabase() order by position"
        for table, name, kind in self._ask(statement):
            found.setdefault(str(table), []).append(ResultColumn(str(name), str(kind)))
        return found

    def now(self) -> str:
        """The engine's time, as its log writes it."""
        return str(self._ask("select toString(now64(6))")[0][0])

    def logged_since(self, moment: str) -> list[LoggedQuery]:
        """This user's queries that began after `moment` (see `now`) and have ended.

        Raises EngineRefusedError when the engine keeps no log, or keeps it from this user.
        """
        rows = self._ask(
            "select toString(query_start_time_microseconds), query, read_rows, memory_usage from system.query_log"  # noqa: S608  # a time that the engine gave
            " where type = 'QueryFinish' and user = currentUser()"
            f" and query_start_time_microseconds >= toDateTime64('{moment}', 6)"
        )
        return [LoggedQuery(str(row[0]), str(row[1]), int(str(row[2])), int(str(row[3]))) for row in rows]

    def _ask(self, statement: str, first_line: int = 1) -> list[list[object]]:
        try:
            response = self._client.post("/", content=statement.encode())
        except httpx.TimeoutException as error:
            raise EngineRefusedError(f"the engine did not answer in time ({error})", 0) from error
        if response.status_code != httpx.codes.OK:
            raise EngineRefusedError(*_explained(response.text, first_line))
        rows: list[list[object]] = response.json()["data"]
        return rows


def _explained(text: str, first_line: int) -> tuple[str, int]:
    """The engine's error without its frame, and the line in the query that it names."""
    where = re.search(r"\(line (\d+), col \d+\)", text)
    line = max(int(where.group(1)) - first_line + 1, 1) if where else 0
    message = re.sub(r"^Code: \d+\. DB::Exception: ", "", text.strip())
    message = re.sub(r"\s*(In scope .*|\(version .*|: While processing .*|: In scope .*)$", "", message, flags=re.S)
    return message.rstrip(". ")[:400], line
