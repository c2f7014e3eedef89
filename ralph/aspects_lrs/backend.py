"""The same store as a backend of Ralph (`RALPH_RUNSERVER_BACKEND=aspects`), for its own routes.

Ralph asks for statements by id and then writes them, in two steps; both go through `store.py`, so requests that come
together still share one look-up and one insert, and a statement that another request has stored meanwhile is found.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from ralph.backends.data.base import DataBackendStatus
from ralph.backends.lrs.base import (
    BaseAsyncLRSBackend,
    BaseLRSBackendSettings,
    RalphStatementsQuery,
    StatementQueryResult,
)
from ralph.exceptions import BackendException

from aspects_lrs.clickhouse import ClickHouse, UnavailableError
from aspects_lrs.equality import Statement
from aspects_lrs.reading import Question, read_page
from aspects_lrs.settings import Settings
from aspects_lrs.store import BusyError, ConflictError, Store
from aspects_lrs.validation import read_time

_settings = Settings()
clickhouse = ClickHouse(_settings.url, _settings.USERNAME, _settings.PASSWORD)
store = Store(clickhouse)


class AspectsLRSBackend(BaseAsyncLRSBackend[BaseLRSBackendSettings]):
    """Ralph's view of the store."""

    name = "aspects"

    async def status(self) -> DataBackendStatus:
        """Whether ClickHouse answers."""
        try:
            await clickhouse.rows("select 1")
        except UnavailableError:
            return DataBackendStatus.AWAY
        return DataBackendStatus.OK

    async def query_statements(self, params: RalphStatementsQuery, target: str | None = None) -> StatementQueryResult:
        """Statements that fit the parameters of a GET request."""
        page = await _translated(lambda: read_page(clickhouse, _question(params)))
        moment, event_id = page.next or (None, None)
        return StatementQueryResult(
            statements=page.statements,
            search_after=moment.isoformat() if moment else None,
            pit_id=str(event_id) if event_id else None,
        )

    async def query_statements_by_ids(self, ids: list[str], target: str | None = None) -> AsyncIterator[Statement]:
        """The stored statements with these ids."""
        found = await _translated(lambda: store.find({str(UUID(each)) for each in ids}))
        for statement in found.values():
            yield statement

    async def write(self, data: Iterable[Any], *_: Any, **__: Any) -> int:
        """Store statements; how many were new."""
        return len(await _translated(lambda: store.add(list(data))))

    async def _read_dicts(self, *_: Any, **__: Any) -> AsyncIterator[Statement]:
        """Ralph's command line reads statements with its own ClickHouse backend."""
        raise BackendException("This backend serves the LRS alone; read statements with the backend clickhouse.")
        yield {}

    async def close(self) -> None:
        """The application closes what it has opened."""


async def _translated(work: Any) -> Any:
    try:
        return await work()
    except (UnavailableError, BusyError, ConflictError) as error:
        raise BackendException(str(error)) from error


def _question(params: RalphStatementsQuery) -> Question:
    said = params.model_dump(exclude_none=True)

    def moment(name: str) -> datetime | None:
        return read_time(str(said[name]), name) if said.get(name) else None

    def agent(name: str) -> Statement | None:
        told = said.get(name) or {}
        if "account__name" in told:
            return {"account": {"name": told["account__name"], "homePage": told["account__home_page"]}}
        return told or None

    after = moment("search_after")
    return Question(
        agent=agent("agent"),
        authority=agent("authority"),
        verb=str(said.get("verb", "")),
        activity=str(said.get("activity", "")),
        registration=str(said.get("registration", "")),
        related_agents=bool(said.get("related_agents")),
        related_activities=bool(said.get("related_activities")),
        since=moment("since"),
        until=moment("until"),
        ascending=bool(said.get("ascending")),
        limit=int(said.get("limit") or 100),
        after=(after, UUID(str(said["pit_id"]))) if after else None,
    )
