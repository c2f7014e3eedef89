"""Stores statements: those of many requests in one insert, each once, and each request answered when its rows are in.

An insert that dies half-way may have stored a statement and not what the warehouse makes of it, and whoever sent it
sends it again. Such statements are not taken for stored: they are written once more, and every table keeps one of two.

While one group of requests is being written the next one gathers, so a busy LRS writes large groups and an idle one
writes at once. One task writes; what is stored already is found by an index of ids that ClickHouse keeps
(`xapi.statement_ids`), so a look-up costs the same however many statements there are.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from aspects_lrs.clickhouse import ClickHouse, quoted
from aspects_lrs.equality import Statement, equal
from aspects_lrs.rows import rows_of
from aspects_lrs.validation import InvalidError, read_time

MOST_STATEMENTS = 20_000
"""Statements of one insert: they bound its memory."""
PAUSE = 0.1
"""How long a busy LRS gathers requests, as a part of the time that the last write took."""
DOUBTED_BEFORE_START = timedelta(minutes=10)
"""How long before the start of this process an insert may have been under way when everything stopped."""
MOST_WAITING = 100_000
"""Statements that may wait: more are refused with `BusyError` until some are stored."""


class ConflictError(ValueError):
    """Another statement is stored under this id."""

    def __init__(self, statement_id: str) -> None:
        super().__init__(f"Another statement is stored with the id {statement_id}.")
        self.statement_id = statement_id


class BusyError(RuntimeError):
    """More statements are waiting than memory should hold."""


@dataclass
class Request:
    """Statements that come together: all are stored, or none."""

    statements: Sequence[Statement]
    stored: asyncio.Future[list[str]] = field(repr=False)


class Store:
    """Writes statements and answers which were new. `start` it in a running event loop, and `stop` it."""

    def __init__(self, clickhouse: ClickHouse) -> None:
        self._clickhouse = clickhouse
        self._waiting: asyncio.Queue[Request] = asyncio.Queue()
        self._count = 0
        self._writer: asyncio.Task[None] | None = None
        self._started = datetime.now(UTC)
        self._doubtful: dict[str, None] = {}

    def start(self) -> None:
        self._started = datetime.now(UTC)
        self._writer = asyncio.get_running_loop().create_task(self._write_for_ever())

    async def stop(self) -> None:
        """Store what is waiting, and end."""
        if self._writer:
            await self._waiting.join()
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)

    async def add(self, statements: Sequence[Statement]) -> list[str]:
        """Store statements that are valid, have ids, times and no id twice; the ids of those that were new.

        Returns when they are on disk. Raises ConflictError when another statement has one of the ids (then nothing of
        these is stored), BusyError, and `clickhouse.UnavailableError`.
        """
        if self._count + len(statements) > MOST_WAITING:
            raise BusyError("Too many statements are waiting to be stored.")
        self._count += len(statements)
        request = Request(statements, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(request)
        try:
            return await request.stored
        finally:
            self._count -= len(statements)

    async def _write_for_ever(self) -> None:
        pause = 0.0
        while True:
            group = [await self._waiting.get()]
            # Clients that were answered together come again within moments: without a pause the first of them would
            # be written alone, and all others would wait for that.
            await asyncio.sleep(pause)
            started = time.monotonic()
            size = len(group[0].statements)
            while not self._waiting.empty() and size < MOST_STATEMENTS:
                group.append(self._waiting.get_nowait())
                size += len(group[-1].statements)
            try:
                await self._write(group)
            except Exception as error:  # whatever it is, nobody may wait for ever
                for request in group:
                    if not request.stored.done():
                        request.stored.set_exception(error)
            finally:
                for _ in group:
                    self._waiting.task_done()
            pause = PAUSE * (time.monotonic() - started) if len(group) > 1 else 0.0

    async def _write(self, group: Sequence[Request]) -> None:
        ids = {statement["id"] for request in group for statement in request.statements}
        found = await self.find(ids, [each for request in group for each in request.statements])
        known = dict(found)
        accepted: dict[str, Statement] = {}
        answers: list[tuple[Request, list[str]]] = []
        for request in group:
            new = {each["id"]: each for each in request.statements if each["id"] not in known}
            differing = [
                each["id"] for each in request.statements if each["id"] in known and not equal(each, known[each["id"]])
            ]
            if differing:
                request.stored.set_exception(ConflictError(differing[0]))
                continue
            known.update(new)
            accepted.update(new)
            answers.append((request, list(new)))
        # A statement that is written once more is written as it is stored.
        again = {each: found[each] for each in found if self._in_doubt(each, found[each])}
        if written := again | accepted:
            self._doubtful |= dict.fromkeys(written)
            while len(self._doubtful) > MOST_WAITING:
                del self._doubtful[next(iter(self._doubtful))]
            await self._clickhouse.insert(await asyncio.to_thread(rows_of, written.values()))
            for each in written:
                self._doubtful.pop(each, None)
        for request, new_ids in answers:
            if not request.stored.done():  # whoever asked may have gone
                request.stored.set_result(new_ids)

    def _in_doubt(self, statement_id: str, stored: Statement) -> bool:
        """Whether the insert of a stored statement may have died half-way: with ClickHouse, or, shortly before this
        process began, with the whole machine."""
        if statement_id in self._doubtful:
            return True
        try:
            moment = read_time(stored.get("stored"), "stored")
        except InvalidError:
            return False  # it did not come through an LRS
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return self._started - DOUBTED_BEFORE_START < aware < self._started

    async def find(self, ids: set[str], sent: Sequence[Statement] = ()) -> dict[str, Statement]:
        """The stored statements with these ids. `sent`: the same statements as they came, whose times say where most
        of them lie."""
        starts = ", ".join(sorted(str(UUID(each).int >> 80) for each in ids))
        months = await self._clickhouse.rows(
            f"select groupUniqArray(toYYYYMM(month)) from xapi.statement_ids where id_start in ({starts})"
        )
        if not months or not months[0][0]:
            return {}
        found: dict[str, Statement] = {}
        times = {read_time(each["timestamp"], "timestamp").astimezone(UTC) for each in sent if "timestamp" in each}
        if times:
            moments = ", ".join(sorted(f"'{moment.replace(tzinfo=None).isoformat(' ')}'" for moment in times))
            found = await self._read(ids, f"emission_time in ({moments})")
        if left := ids - found.keys():
            within = ", ".join(str(int(month)) for month in months[0][0])
            found |= await self._read(left, f"toYYYYMM(emission_time) in ({within})")
        return found

    async def _read(self, ids: set[str], where: str) -> dict[str, Statement]:
        listed = ", ".join(sorted(quoted(each) for each in ids))
        rows = await self._clickhouse.rows(
            f"select event_id, any(event) from xapi.xapi_events_all where {where} and event_id in ({listed})"
            " group by event_id"
        )
        found = {}
        for event_id, event in rows:
            try:
                found[str(UUID(event_id))] = json.loads(event)
            except ValueError:  # a row that no LRS wrote
                found[str(UUID(event_id))] = {}
        return found


def complete(statement: Statement, authority: Statement, now: datetime) -> Statement:
    """A valid statement with what an LRS adds (2.4.7 to 2.4.10); the id must be there."""
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"timestamp": moment, "version": "1.0.0", **statement, "stored": moment, "authority": authority}
