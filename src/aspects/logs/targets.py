"""The place that a command's statements go to: opened, and named so that it is known again."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO

from aspects.errors import AspectsError
from aspects.logs.reference import Knowledge
from aspects.logs.sinks import ClickHouseSink, FileSink, NoSink, RalphSink, Sink, StreamSink
from aspects.settings import Settings
from aspects.stack.secrets import load_secrets
from aspects.warehouse.client import connect
from aspects.xapi.store import RAW_TABLE, StatementStore


def open_sink(settings: Settings, name: str, out: str, stream: BinaryIO) -> Sink:
    """A sink by its name: clickhouse, ralph, file (`out`), stdout (`stream`); nowhere for no name.

    Raises AspectsError when it cannot be reached.
    """
    if name == "clickhouse":
        return ClickHouseSink(StatementStore(connect(settings, user="lrs"), notes=settings.state / "inserts"))
    if name == "ralph":
        secrets = load_secrets(settings)
        return RalphSink(settings.ralph_url, secrets["RALPH_USER"], secrets["RALPH_PASSWORD"])
    if name == "file":
        return FileSink(Path(out))
    return StreamSink(stream) if name else NoSink()


def target_of(settings: Settings, sink: str, out: str, knowledge: Knowledge) -> str:
    """The name of a place together with all that decides what the statements are.

    A table that was dropped and made again is another place. Raises AspectsError (`logs.map`) when a file of
    `knowledge` cannot be read, and that of `connect`.
    """
    place = {"file": str(Path(out).resolve()), "ralph": settings.ralph_url}.get(sink) or _table(settings)
    digests = [_digest(file) for file in (knowledge.user_map, knowledge.course_names)]
    return " ".join((sink, place, settings.lms_url, *digests))


def _table(settings: Settings) -> str:
    database, _, name = RAW_TABLE.partition(".")
    client = connect(settings, user="lrs")
    try:
        found = client.query(
            "select toString(uuid) from system.tables where database = {database:String} and name = {name:String}",
            parameters={"database": database, "name": name},
        ).result_rows
    finally:
        client.close()
    return f"{settings.clickhouse_url} {found[0][0] if found else ''}"


def _digest(file: Path | None) -> str:
    if not file:
        return "-"
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise AspectsError(
            f"{file} cannot be read.", why=str(error), fix="Check the file and its permissions.", code="logs.map"
        ) from error
