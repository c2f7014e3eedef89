"""Statements into the raw table, each once.

The raw table is sorted by (emission_time, event_id), so whether a statement is stored already is asked by
that pair. The rows are sent in ClickHouse's Native format, column by column, which the server reads
fastest.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aspects.errors import AspectsError
from aspects.xapi.statement import Statement
from aspects.xapi.unfinished import left_over, noted

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from clickhouse_connect.driver.external import ExternalData

RAW_TABLE: Final = "xapi.xapi_events_all"
_LOOKUP: Final = f"""
    select event_id, lower(hex(MD5(event))) from {RAW_TABLE}
    prewhere (emission_time, event_id) in (select emission_time, event_id from asked)
"""  # noqa: S608  # a name of ours
_STORED: Final = f"""
    select event_id, toUnixTimestamp64Micro(emission_time), event from {RAW_TABLE}
    prewhere (emission_time, event_id) in (select emission_time, event_id from asked)
"""  # noqa: S608  # a name of ours


@dataclass(frozen=True, slots=True)
class Added:
    """What became of some statements: new ones, ones that were there, and how many of these differ."""

    stored: int = 0
    duplicates: int = 0
    differing: int = 0


class StatementStore:
    """The raw table of statements.

    With a folder for notes, an insert whose end nobody saw is repeated before anything else is stored.
    """

    def __init__(self, client: Client, notes: Path | None = None) -> None:
        self._client = client
        self._notes = notes
        self._looked_for_notes = False

    def add(self, statements: Sequence[Statement]) -> Added:
        """Store those that are not stored yet.

        Of statements with one id the first stays, whatever the others say. Raises AspectsError when the
        database refuses or cannot be reached; running the same again then is safe.
        """
        unique, repeated, differing = _once(statements)
        self._finish_what_died()
        with _explained():
            known = self._known(unique)
        new = [one for one in unique if one.event_id not in known]
        if new:
            self.insert(new)
        known_differ = sum(
            1
            for one in unique
            if one.event_id in known and known[one.event_id] != hashlib.md5(one.text, usedforsecurity=False).hexdigest()
        )
        return Added(len(new), repeated + len(known), differing + known_differ)

    def insert(self, statements: Sequence[Statement]) -> None:
        """Store statements as they come, those too that are stored already. Raises AspectsError as `add` does."""
        self._insert(native_block(statements), native_block(statements, with_text=False))

    def insert_columns(self, ids: bytes, times: Sequence[int], texts: Sequence[bytes]) -> None:
        """As `insert`, of columns: ids of 16 bytes, times in microseconds since 1970, and the statements' JSON."""
        self._insert(_native(ids, times, texts), _native(ids, times, None))

    def _insert(self, block: bytes, keys: bytes) -> None:
        self._finish_what_died()
        with noted(self._notes, keys), _explained():
            self._client.raw_insert(RAW_TABLE, insert_block=block, fmt="Native", compression=None)

    def _finish_what_died(self) -> None:
        """Store once more what the raw table has of inserts that ended badly."""
        if self._looked_for_notes:
            return
        self._looked_for_notes = True
        for note in left_over(self._notes):
            with _explained():
                rows = self._client.query(_STORED, external_data=_asked(note.read_bytes())).result_rows
            if rows:
                ids = b"".join(row[0].bytes for row in rows)
                block = _native(ids, [row[1] for row in rows], [row[2].encode() for row in rows])
                with _explained():
                    self._client.raw_insert(RAW_TABLE, insert_block=block, fmt="Native", compression=None)
            note.unlink(missing_ok=True)

    def _known(self, statements: Sequence[Statement]) -> dict[int, str]:
        """Of these, the ids that are stored, each with the MD5 of the stored text."""
        if not statements or self._none_between(statements):
            return {}
        keys = native_block(statements, with_text=False)
        rows = self._client.query(_LOOKUP, external_data=_asked(keys)).result_rows
        return {identifier.int: digest for identifier, digest in rows}

    def _none_between(self, statements: Sequence[Statement]) -> bool:
        times = [one.emission_time for one in statements]
        between = f"between {_moment(min(times))} and {_moment(max(times))}"
        question = f"select 1 from {RAW_TABLE} where emission_time {between} limit 1"  # noqa: S608  # numbers
        return not self._client.query(question).result_rows


def _asked(keys: bytes) -> ExternalData:
    """Keys as a table of their own: a text of this length takes the server longer to parse than to answer."""
    from clickhouse_connect.driver.external import ExternalData  # slow to import

    structure = ["event_id UUID", "emission_time DateTime64(6)"]
    return ExternalData(data=keys, file_name="asked", fmt="Native", structure=structure)


@contextmanager
def _explained() -> Iterator[None]:
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    try:
        yield
    except ClickHouseError as error:
        raise AspectsError(
            "The statements could not be stored.",
            why=str(error).strip(),
            fix="See ./inv dev.status and the log (./inv dev.logs clickhouse), then run the same command again: "
            "nothing is stored twice.",
            code="data.not_stored",
        ) from error


def _once(statements: Iterable[Statement]) -> tuple[list[Statement], int, int]:
    """Without repetitions of an id; how many those were, and how many of them said something else."""
    first: dict[int, Statement] = {}
    repeated = differing = 0
    for statement in statements:
        kept = first.setdefault(statement.event_id, statement)
        if kept is not statement:
            repeated += 1
            differing += kept.text != statement.text
    return list(first.values()), repeated, differing


def _moment(microseconds: int) -> str:
    return f"fromUnixTimestamp64Micro(toInt64({microseconds}), 'UTC')"


def native_block(statements: Sequence[Statement], with_text: bool = True) -> bytes:
    """The raw table's three columns, or the two of its key, as one block of ClickHouse's Native format."""
    ids = b"".join([one.event_id.to_bytes(16, "big") for one in statements])
    times = [one.emission_time for one in statements]
    return _native(ids, times, [one.text for one in statements] if with_text else None)


def _native(ids: bytes, times: Sequence[int], texts: Sequence[bytes] | None) -> bytes:
    """One block of the Native format: the number of columns and of rows, then for each column its name, its type and
    its values: a UUID as two little-endian 64-bit halves, high half first, a text with its length before it.
    """
    halves = array("Q", ids)
    halves.byteswap()
    moments = array("q", times)
    if sys.byteorder == "big":
        moments.byteswap()
    parts = [
        _length(2 if texts is None else 3),
        _length(len(times)),
        _column("event_id", "UUID"),
        halves.tobytes(),
        _column("emission_time", "DateTime64(6)"),
        moments.tobytes(),
    ]
    if texts is not None:
        parts.append(_column("event", "String"))
        for text in texts:
            parts += (_length(len(text)), text)
    return b"".join(parts)


def _column(name: str, type_name: str) -> bytes:
    return _length(len(name)) + name.encode() + _length(len(type_name)) + type_name.encode()


@lru_cache(maxsize=1 << 14)
def _length(value: int) -> bytes:
    """A number in ClickHouse's variable length: seven bits a byte, the lowest first (LEB128)."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
