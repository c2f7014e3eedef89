"""The metadata database: a SQLite file that is migrated safely, and a small table of what was done to it."""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from superset_boot.logs import hushed, say

POSTGRES = os.environ.get("SUPERSET_DATABASE", "").startswith("postgresql")
KNOWN = "pg_tables where tablename" if POSTGRES else "sqlite_master where type = 'table' and name"
EMPTY = Path(sys.prefix) / "empty-metadata.db"
"""The tables of the Superset of this environment, which is made anew with each other version."""
FACTS = "aspects_facts"
"""Our own table beside Superset's: name, JSON value."""


def tune_sqlite() -> None:
    """Every SQLite connection made from here on writes ahead to a log: readers and a writer do not block each other,
    and a commit survives the death of the process."""

    @event.listens_for(Engine, "connect")
    def set_pragmas(connection: Any, _record: Any) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = normal")


@contextmanager
def all_or_nothing(session: Any) -> Iterator[Session]:
    """One transaction around code of Superset and Flask-AppBuilder that commits after each small step.

    Inside, a commit only flushes. That makes the whole atomic, and several times faster. A rollback inside means that
    a step was lost: the whole then fails with RuntimeError, for nothing may be half done.
    """
    scoped: Session = session()
    lost: list[bool] = []

    def rollback() -> None:
        lost.append(True)
        Session.rollback(scoped)

    vars(scoped).update(commit=scoped.flush, rollback=rollback)
    try:
        yield scoped
        if lost:
            raise RuntimeError("A step inside the transaction was rolled back.")
        Session.commit(scoped)
    except BaseException:
        Session.rollback(scoped)
        raise
    finally:
        del scoped.__dict__["commit"], scoped.__dict__["rollback"]


@contextmanager
def restorable(database: Path) -> Iterator[None]:
    """Keep a copy of the file while something rewrites it; the next start puts the copy back if that never ended.

    SQLite commits each change of a table by itself, so a migration that is killed leaves a database that no version
    of Superset can read.
    """
    if POSTGRES:  # each of its migrations happens as a whole or not at all
        yield
        return
    copy, partial = _copies(database)
    if database.exists():
        _copy(database, partial)
    else:
        partial.touch()
    partial.replace(copy)
    yield
    copy.unlink()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process prepares this state folder, then keep others out."""
    with (folder / "boot.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Waiting for another process that works on {folder}")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def restore(database: Path) -> None:
    """Put back what was there before a migration that was cut off. An empty copy stands for no database at all."""
    copy, partial = _copies(database)
    partial.unlink(missing_ok=True)
    if not copy.exists():
        return
    for suffix in ("", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)
    if copy.stat().st_size:
        copy.replace(database)
    else:
        copy.unlink()
    say("the last migration was cut off: started again from the copy made before it")


def _copies(database: Path) -> tuple[Path, Path]:
    return database.with_suffix(".before-migration"), database.with_suffix(".before-migration.partial")


def migrate(database: Path) -> None:
    """Bring the tables to the version of Superset that is installed. Needs an app context.

    Hundreds of migrations of an empty database take five seconds, and end at the same tables each time: the first one
    that is made in an environment is kept there, and copied by those that follow.
    """
    from flask_migrate import upgrade

    is_new = not POSTGRES and not _was_migrated(database)
    if is_new and EMPTY.exists():
        _copy(EMPTY, database)
        return
    # The migrations print as well as log.
    with hushed(), contextlib.redirect_stdout(io.StringIO()):
        upgrade()
    if is_new:
        with contextlib.suppress(OSError, sqlite3.Error):  # the environment of an image cannot be written
            partial = EMPTY.with_name(f"{EMPTY.name}.{os.getpid()}")
            _copy(database, partial)
            partial.replace(EMPTY)


def _was_migrated(database: Path) -> bool:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute("select 1 from sqlite_master where name = 'alembic_version'").fetchone() is not None


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def read_fact(run: Callable[..., Any], name: str) -> Any:
    """A fact by its name, or None. `run` executes SQL: a session's or a connection's `execute`."""
    known = run(text(f"select 1 from {KNOWN} = :name"), {"name": FACTS}).first()  # noqa: S608  # names of ours
    if known is None:
        return None
    row = run(text(f"select value from {FACTS} where name = :name"), {"name": name}).first()  # noqa: S608  # a name of ours
    return None if row is None else json.loads(row[0])


def write_fact(run: Callable[..., Any], name: str, value: Any) -> None:
    """Keep a fact, as JSON, within the transaction that `run` belongs to."""
    run(text(f"create table if not exists {FACTS} (name varchar(64) primary key, value text not null)"))
    run(
        text(
            f"insert into {FACTS} (name, value) values (:name, :value)"  # noqa: S608  # a name of ours
            " on conflict (name) do update set value = excluded.value"
        ),
        {"name": name, "value": json.dumps(value)},
    )
