"""Inserts that wait for their turn are written as one, as a server does with `async_insert`.

An insert into a table with triggers costs the engine its plan, whatever the number of rows; many small ones cost
little more than one. Every insert is still written before it is acknowledged.
"""

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field, replace

from embedded_clickhouse.engine import Statistics
from embedded_clickhouse.errors import ClickHouseError

MOST_BYTES = 16 << 20
"""A body that is larger is written alone."""
_MOST_BYTES_AT_ONCE = 64 << 20
_WIDTHS = {
    **dict.fromkeys((b"UInt8", b"Int8", b"Bool"), 1),
    **dict.fromkeys((b"UInt16", b"Int16", b"Date"), 2),
    **dict.fromkeys((b"UInt32", b"Int32", b"Float32", b"Date32", b"DateTime"), 4),
    **dict.fromkeys((b"UInt64", b"Int64", b"Float64"), 8),
    b"UUID": 16,
}
_PARAMETRIC_WIDTHS = {b"DateTime": 4, b"DateTime64": 8}

Write = Callable[[Sequence[bytes]], Statistics]


@dataclass
class _Waiting:
    rows: bytes
    turn: threading.Event = field(default_factory=threading.Event)
    done: bool = False
    statistics: Statistics = field(default_factory=Statistics)
    error: ClickHouseError | None = None


class Gatherer:
    """Lets `at_once` inserts of a kind run; what comes meanwhile waits, and is written together when one has ended."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._running: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, list[_Waiting]] = {}

    def insert(self, kind: Hashable, rows: bytes, write: Write) -> Statistics:
        """Write rows, with those of others of the same kind that wait; returns when these rows are written.

        Bodies of one kind must stay whole when they are joined (`is_whole`). When several fail together each is
        written alone, so one that is wrong fails alone. Raises ClickHouseError.
        """
        mine = _Waiting(rows)
        with self._lock:
            is_first = self._running.get(kind, 0) < self._at_once
            if is_first:
                self._running[kind] = self._running.get(kind, 0) + 1
            else:
                self._waiting.setdefault(kind, []).append(mine)
        if not is_first:
            mine.turn.wait()
        if not mine.done:
            batch = [mine, *self._take(kind, _MOST_BYTES_AT_ONCE - len(rows))]
            try:
                _write_batch(batch, write)
            finally:
                self._pass_on(kind)
                for other in batch[1:]:
                    other.turn.set()
        if mine.error:
            raise mine.error
        return mine.statistics

    def _take(self, kind: Hashable, room: int) -> list[_Waiting]:
        """Those that wait, in their order, as many as there is room for."""
        taken = []
        with self._lock:
            waiting = self._waiting.get(kind, [])
            while waiting and len(waiting[0].rows) <= room:
                room -= len(waiting[0].rows)
                taken.append(waiting.pop(0))
        return taken

    def _pass_on(self, kind: Hashable) -> None:
        """Give the place of an insert that has ended to the next one."""
        with self._lock:
            waiting = self._waiting.get(kind)
            if waiting:
                waiting.pop(0).turn.set()
                return
            self._waiting.pop(kind, None)
            self._running[kind] -= 1
            if not self._running[kind]:
                del self._running[kind]


def _write_batch(batch: Sequence[_Waiting], write: Write) -> None:
    whole = sum(len(one.rows) for one in batch)
    try:
        statistics = write([one.rows for one in batch])
    except ClickHouseError as error:
        batch[0].error = error
        if len(batch) > 1:
            for one in batch:
                _write_alone(one, write)
    except BaseException:
        for one in batch:
            one.error = ClickHouseError(1002, "UNKNOWN_EXCEPTION", "The insert that held these rows broke off.")
        raise
    else:
        for one in batch:
            one.statistics = _share(statistics, len(one.rows) / whole if whole else 1.0)
    finally:
        for one in batch:
            one.done = True


def _write_alone(one: _Waiting, write: Write) -> None:
    try:
        one.statistics, one.error = write([one.rows]), None
    except ClickHouseError as error:
        one.error = error


def _share(statistics: Statistics, share: float) -> Statistics:
    """What one of several inserts has written, by its part of their bytes."""
    return replace(
        statistics,
        written_rows=round(statistics.written_rows * share),
        written_bytes=round(statistics.written_bytes * share),
        result_rows=round(statistics.result_rows * share),
        result_bytes=round(statistics.result_bytes * share),
    )


def is_whole(body: bytes) -> bool:
    """Whether a body is whole blocks of the format Native, of columns with plain types.

    A block that is cut short would take its missing bytes from the one behind it.
    """
    at = 0
    try:
        while at < len(body):
            columns, at = _number(body, at)
            rows, at = _number(body, at)
            for _ in range(columns):
                _, at = _text(body, at)
                type_name, at = _text(body, at)
                at = _behind_values(body, at, type_name, rows)
    except (IndexError, ValueError):
        return False
    return at == len(body)


def _behind_values(body: bytes, at: int, type_name: bytes, rows: int) -> int:
    """Where the values of a column end. Raises ValueError for a type whose length is not known here."""
    if type_name == b"String":
        for _ in range(rows):
            length = body[at]
            if length < 0x80:
                at += 1 + length
            else:
                length, at = _number(body, at)
                at += length
        return at
    name, has_parameters, _ = type_name.partition(b"(")
    width = (_PARAMETRIC_WIDTHS if has_parameters else _WIDTHS).get(name)
    if width is None:
        raise ValueError(type_name)
    return at + rows * width


def _number(body: bytes, at: int) -> tuple[int, int]:
    """A number in seven bits a byte, the lowest first, and where it ends. Raises IndexError, ValueError."""
    value = shift = 0
    while shift < 64:
        byte = body[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("no number is so long")


def _text(body: bytes, at: int) -> tuple[bytes, int]:
    length, at = _number(body, at)
    return body[at : at + length], at + length
