"""Where the statements of logs go."""

from __future__ import annotations

import gzip
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import httpx
import zstandard

from aspects.errors import AspectsError
from aspects.xapi.statement import Statement
from aspects.xapi.store import Added, StatementStore

NAMES: Final = ("clickhouse", "ralph", "file", "stdout")
_RALPH_BATCH: Final = 100
_CONFLICTS: Final = (400, 409)


class Sink(Protocol):
    """A place for statements."""

    def add(self, statements: Sequence[Statement]) -> Added:
        """Store statements, for good when it returns. Raises AspectsError on failure."""

    def size(self) -> int:
        """How long the output is, where that matters."""

    def cut(self, size: int | None) -> bool:
        """Take back what came after the output was so long, all of it for None; False when it is shorter already."""

    def close(self) -> None:
        """Let go of what is open."""


class _Remembering:
    """A place that knows what it has, so nothing need be taken back."""

    def size(self) -> int:
        return 0

    def cut(self, size: int | None) -> bool:
        return True

    def close(self) -> None:
        """Nothing is open."""


class ClickHouseSink(_Remembering):
    """The raw table: a statement that is stored already is not stored again."""

    def __init__(self, store: StatementStore) -> None:
        self._store = store

    def add(self, statements: Sequence[Statement]) -> Added:
        return self._store.add(statements)


class NoSink(_Remembering):
    """Nowhere: what would be stored is counted."""

    def add(self, statements: Sequence[Statement]) -> Added:
        return Added(len(statements))


class StreamSink(_Remembering):
    """A stream, such as standard output."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def add(self, statements: Sequence[Statement]) -> Added:
        self._stream.writelines(one.text + b"\n" for one in statements)
        self._stream.flush()
        return Added(len(statements))


class RalphSink(_Remembering):
    """The LRS, a hundred statements a request. It takes a statement that it has again, if it is the same."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._url = url
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=120.0)

    def close(self) -> None:
        self._client.close()

    def add(self, statements: Sequence[Statement]) -> Added:
        unique = list({one.event_id: one for one in reversed(statements)}.values())[::-1]
        differing = 0
        for start in range(0, len(unique), _RALPH_BATCH):
            differing += self._send(unique[start : start + _RALPH_BATCH])
        repeated = len(statements) - len(unique)
        return Added(len(unique) - differing, repeated + differing, differing)

    def _send(self, statements: Sequence[Statement]) -> int:
        """Send statements; how many of them the LRS has with another content."""
        try:
            answer = self._client.post(
                "/xAPI/statements/",
                content=b"[" + b",".join(one.text for one in statements) + b"]",
                headers={"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"},
            )
        except httpx.HTTPError as error:
            raise AspectsError(
                f"Ralph does not answer at {self._url}.",
                why=str(error) or type(error).__name__,
                fix="Start the stack with ./inv dev.up, then run the same command again: it goes on where it was.",
                code="data.ralph_unreachable",
            ) from error
        if answer.status_code in (200, 204):
            return 0
        if answer.status_code == 409 and len(statements) == 1:
            return 1
        if answer.status_code in _CONFLICTS and len(statements) > 1:
            # One statement in conflict keeps all of its request out.
            middle = len(statements) // 2
            return self._send(statements[:middle]) + self._send(statements[middle:])
        raise AspectsError(
            f"Ralph at {self._url} refused statements with HTTP status {answer.status_code}.",
            why=answer.text[:500],
            fix="See ./inv dev.logs ralph, then run the same command again: it goes on where it was.",
            code="data.ralph_refused",
        )


class FileSink:
    """A file of statements, one a line, compressed after its name.

    Each call of `add` writes a compressed piece of its own, so that the file can be cut between any two.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._writing():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")

    def add(self, statements: Sequence[Statement]) -> Added:
        text = b"".join(one.text + b"\n" for one in statements)
        with self._writing():
            self._file.write(self._packed(text))
            self._file.flush()
            os.fsync(self._file.fileno())
        return Added(len(statements))

    def size(self) -> int:
        return self._path.stat().st_size

    def cut(self, size: int | None) -> bool:
        if self.size() < (size or 0):
            return False
        with self._writing():
            self._file.truncate(size or 0)
        return True

    def close(self) -> None:
        self._file.close()

    def _packed(self, text: bytes) -> bytes:
        if self._path.suffix == ".gz":
            return gzip.compress(text, compresslevel=6, mtime=0)
        if self._path.suffix == ".zst":
            return zstandard.compress(text)
        return text

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AspectsError(
                f"{self._path} cannot be written.",
                why=str(error),
                fix="Free some space, then run the same command again: it goes on where it was.",
                code="data.unwritable",
            ) from error
