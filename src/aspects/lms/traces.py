"""What this stack's own files keep of a learner: lines that were refused, and who is who in tracking logs."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from aspects.settings import Settings

SUPERSET_TABLES = ("logs", "key_value", "query", "tab_state")
"""Where Superset keeps what people looked at: filters of a dashboard may name a learner."""


@dataclass(frozen=True)
class Trace:
    """A place where something was found, and in how many rows or lines."""

    place: str
    rows: int


def external_ids_in_logs(settings: Settings, words: Sequence[str]) -> list[str]:
    """The UUIDs under which the statements of tracking logs name these users (names or numbers)."""
    file = settings.service_state("event_router") / "users.sqlite"
    if not file.exists():
        return []
    with closing(sqlite3.connect(file)) as database:
        found = [database.execute("select uuid from users where user = ?", (word,)).fetchall() for word in words]
    return [uuid for rows in found for (uuid,) in rows]


def find_files(settings: Settings, texts: Sequence[str]) -> list[Trace]:
    """The files that still name somebody."""
    found = [Trace(str(file), lines) for file in _line_files(settings) if (lines := _mentions(file, texts))]
    for file, table, column in _columns(settings):
        with closing(sqlite3.connect(file)) as database:
            count = sum(
                database.execute(
                    f'select count(*) from "{table}" where instr(lower("{column}"), ?)',
                    (text.lower(),),
                ).fetchone()[0]
                for text in texts
            )
        if count:
            found.append(Trace(f"{file}: {table}.{column}", count))
    return found


def forget_files(settings: Settings, texts: Sequence[str]) -> None:
    """Take the lines and rows that name somebody out of them."""
    for file in _line_files(settings):
        if _mentions(file, texts):
            kept = [line for line in file.read_bytes().splitlines(keepends=True) if not _in_line(line, texts)]
            new = file.with_suffix(".new")
            new.write_bytes(b"".join(kept))
            new.replace(file)
    for file, table, column in _columns(settings):
        with closing(sqlite3.connect(file, timeout=30)) as database:
            for text in texts:
                database.execute(
                    f'delete from "{table}" where instr(lower("{column}"), ?)',
                    (text.lower(),),
                )
            database.commit()


def _line_files(settings: Settings) -> Iterator[Path]:
    for folder in ("rejects", "logs"):
        yield from sorted(file for file in (settings.state / folder).glob("*") if file.is_file())


def _columns(settings: Settings) -> Iterator[tuple[Path, str, str]]:
    """The tables of our SQLite files that may name a learner, with each column of text."""
    users = settings.service_state("event_router") / "users.sqlite"
    superset = settings.service_state("superset") / "superset.db"
    for file, tables in ((users, ("users",)), (superset, SUPERSET_TABLES)):
        if not file.exists():
            continue
        with closing(sqlite3.connect(file)) as database:
            for table in tables:
                for _, name, kind, *_ in database.execute(f'pragma table_info("{table}")'):
                    if kind.upper().startswith(("TEXT", "VARCHAR", "JSON", "BLOB", "MEDIUMTEXT")):
                        yield file, table, name


def _mentions(file: Path, texts: Sequence[str]) -> int:
    return sum(_in_line(line, texts) for line in file.read_bytes().splitlines())


def _in_line(line: bytes, texts: Sequence[str]) -> bool:
    lowered = line.lower()
    return any(text.lower().encode() in lowered for text in texts)
