"""How far each log has been transformed, so that a command that was ended goes on where it was.

A log is known by its content and not by its name, as logs are renamed and compressed when they are rotated. For
each there is a record: the digest of its first line, how many lines are done, and the digest of all of these.
The last line of a file may be half a line, so it is not among the done ones; its own digest says whether it has
become another.
"""

from __future__ import annotations

import fcntl
import hashlib
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aspects.errors import AspectsError

_TABLES: Final = """
    create table if not exists logs (
        id integer primary key, target text not null, head text not null, lines integer not null,
        digest text not null, tail text not null, name text not null
    );
    create index if not exists logs_by_head on logs (target, head);
    create table if not exists outputs (target text primary key, size integer not null);
"""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a log is done: so many lines, their digest, and the digest of the last line if it was looked at."""

    lines: int = 0
    digest: str = ""
    tail: str = ""


@dataclass(slots=True)
class Record:
    """A log, and how far it is done. `identifier` is None for one that has no record yet."""

    name: str
    head: str
    mark: Mark
    identifier: int | None = None


class Digest:
    """The digest of a log's lines, one after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.blake2b(digest_size=16)
        self.lines = 0

    def add(self, line: bytes) -> None:
        self._hash.update(line)
        self._hash.update(b"\n")
        self.lines += 1

    def mark(self, tail: str = "") -> Mark:
        return Mark(self.lines, self._hash.hexdigest(), tail)


def digest_of(line: bytes) -> str:
    """The digest of one line."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


class Checkpoints:
    """The records of one target: where the statements go, and what else decides what they are."""

    def __init__(self, file: Path, target: str) -> None:
        self._target = target
        file.parent.mkdir(parents=True, exist_ok=True)
        self._base = sqlite3.connect(file, isolation_level=None, timeout=60.0)
        # Whoever kills the machine and not only the command must not lose a record of what was stored.
        self._base.execute("pragma synchronous = full")
        self._base.executescript(_TABLES)

    def close(self) -> None:
        self._base.close()

    def find(self, name: str, lines: Iterator[bytes]) -> Record:
        """The record of the log whose first lines these are: the one that covers most of it, or a new one."""
        first = next(lines, None)
        if first is None:
            return Record(name, "", Mark())
        head = digest_of(first)
        rows: list[tuple[Any, ...]] = self._base.execute(
            "select id, lines, digest, tail from logs where target = ? and head = ? order by lines",
            (self._target, head),
        ).fetchall()
        found = Record(name, head, Mark())
        digest = Digest()
        line: bytes | None = first
        for identifier, count, expected, tail in rows:
            while line is not None and digest.lines < count:
                digest.add(line)
                line = next(lines, None)
            if digest.lines < count:
                break
            if digest.mark().digest == expected:
                found = Record(name, head, Mark(count, expected, tail), identifier)
        return found

    def output(self) -> int | None:
        """How long the output was when the latest records were made; None when there are none."""
        row = self._base.execute("select size from outputs where target = ?", (self._target,)).fetchone()
        return row[0] if row else None

    def save(self, records: Iterable[Record], size: int) -> None:
        """Keep how far logs are done, and how long the output is now, at once."""
        self._base.execute("begin immediate")
        for one in records:
            values = (one.mark.lines, one.mark.digest, one.mark.tail, one.name)
            if one.identifier is None:
                done = self._base.execute(
                    "insert into logs (lines, digest, tail, name, target, head) values (?, ?, ?, ?, ?, ?)",
                    (*values, self._target, one.head),
                )
                one.identifier = done.lastrowid
            else:
                self._base.execute(
                    "update logs set lines = ?, digest = ?, tail = ?, name = ? where id = ?", (*values, one.identifier)
                )
        self._base.execute("insert or replace into outputs values (?, ?)", (self._target, size))
        self._base.execute("commit")

    def forget(self) -> None:
        """Nothing is done."""
        self._base.execute("begin immediate")
        self._base.execute("delete from logs where target = ?", (self._target,))
        self._base.execute("delete from outputs where target = ?", (self._target,))
        self._base.execute("commit")


@contextmanager
def only_one(folder: Path, target: str) -> Iterator[None]:
    """Two commands must not write to one target. Raises AspectsError (`logs.busy`)."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{digest_of(target.encode())[:16]}.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AspectsError(
                "Another command transforms logs into the same place.",
                why="Both would write the same statements.",
                fix="Wait for it, then run this one again.",
                code="logs.busy",
            ) from error
        yield
