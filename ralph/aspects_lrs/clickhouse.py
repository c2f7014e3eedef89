"""ClickHouse over HTTP, without blocking the event loop."""

from __future__ import annotations

import json
from typing import Any

import httpx

from aspects_lrs.rows import COLUMNS

Row = list[Any]
OF_INSERTS = {"async_insert": "0", "query_plan_merge_expressions": "0"}
"""Requests are gathered here already. The second saves a seventh of a small insert: most of its time goes into planning
the query that reads statements, and merging its expressions is worth it for large inserts alone."""
LONGEST_QUERY = "10000000"
"""Bytes: a look-up names every id of a group of requests."""


class UnavailableError(RuntimeError):
    """ClickHouse did not do what it was asked; whoever sent statements may send them again."""


class ClickHouse:
    """The two things an LRS asks of ClickHouse: rows in, and rows out."""

    def __init__(self, url: str, user: str, password: str) -> None:
        headers = {"X-ClickHouse-User": user, "X-ClickHouse-Key": password}
        self._http = httpx.AsyncClient(base_url=url, headers=headers, timeout=60, trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def insert(self, rows: bytes) -> None:
        """Store rows in one insert; they are on disk when this returns. Raises UnavailableError."""
        query = f"insert into xapi.xapi_events_all ({COLUMNS}) format RowBinary"
        await self._ask({"query": query, **OF_INSERTS}, rows)

    async def rows(self, query: str, **parameters: str) -> list[Row]:
        """What a query answers. `{name:Type}` in it stands for a parameter. Raises UnavailableError."""
        asked = {f"param_{name}": value for name, value in parameters.items()} | {"max_query_size": LONGEST_QUERY}
        answer = await self._ask(asked, f"{query} format JSONCompactEachRow".encode())
        return [json.loads(line) for line in answer.splitlines()]

    async def _ask(self, parameters: dict[str, str], body: bytes) -> bytes:
        try:
            answer = await self._post(parameters, body)
        except httpx.HTTPError as error:
            raise UnavailableError(f"ClickHouse does not answer: {error!r}") from error
        if answer.status_code != 200:
            raise UnavailableError(f"ClickHouse answered {answer.status_code}: {answer.text[:300]}")
        return answer.content

    async def _post(self, parameters: dict[str, str], body: bytes) -> httpx.Response:
        """Ask, and once more when the connection had died meanwhile; rows that are stored twice count once."""
        try:
            return await self._http.post("/", params=parameters, content=body)
        except (httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError):
            return await self._http.post("/", params=parameters, content=body)


def quoted(text: str) -> str:
    """A text as a literal of SQL."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
