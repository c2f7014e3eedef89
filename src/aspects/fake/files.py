"""Files of statements: JSON lines, plain or compressed, and Parquet."""

from __future__ import annotations

import gzip
from array import array
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import IO, TYPE_CHECKING, Final, Protocol, cast

import zstandard

from aspects.fake.generate import Chunk

if TYPE_CHECKING:
    from arro3.core import RecordBatch, Schema

PARQUET: Final = ".parquet"
_ROWS_A_GROUP: Final = 50_000
_WAITING: Final = 4
"""Chunks that may wait until they are written."""


class StatementFile(Protocol):
    """A file that takes chunks of statements. Its methods raise OSError."""

    def write(self, chunk: Chunk) -> None:
        """Take a chunk's statements."""

    def close(self) -> None:
        """Write what is still waiting, and the file's end."""


class JsonLines:
    """Statements one a line, compressed after the file's name.

    The compressed kinds hold no time and no name: the same content gives the same bytes.
    """

    def __init__(self, path: Path) -> None:
        self._file = self._open(path)

    def write(self, chunk: Chunk) -> None:
        self._file.write(chunk.lines)

    def close(self) -> None:
        self._file.close()

    @staticmethod
    def _open(path: Path) -> IO[bytes]:
        if path.suffix == ".gz":
            return cast("IO[bytes]", gzip.GzipFile("", "wb", fileobj=path.open("wb"), mtime=0, compresslevel=6))
        if path.suffix == ".zst":
            return cast("IO[bytes]", zstandard.open(path, "wb"))
        return path.open("wb")


class Parquet:
    """Statements in the columns of the raw table: `event_id` and `event` as text, `emission_time` in microseconds UTC.

    The library asks for rows, so it has a thread of its own that waits for them.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._queue: Queue[RecordBatch | None] = Queue(_WAITING)
        self._failure: BaseException | None = None
        self._ended = False
        self._schema = _schema()
        self._thread = Thread(target=self._write_all, daemon=True)
        self._thread.start()

    def write(self, chunk: Chunk) -> None:
        self._complain()
        self._queue.put(self._batch(chunk))

    def close(self) -> None:
        if not self._ended:
            self._ended = True
            self._queue.put(None)
            self._thread.join()
            self._complain()

    def _complain(self) -> None:
        if self._failure is not None:
            raise OSError(str(self._failure)) from self._failure

    def _batch(self, chunk: Chunk) -> RecordBatch:
        from arro3.core import Array, DataType, RecordBatch

        digits = [f"{identifier:032x}" for identifier in chunk.ids]
        ids = [f"{one[:8]}-{one[8:12]}-{one[12:16]}-{one[16:20]}-{one[20:]}" for one in digits]
        columns = [
            Array(ids, DataType.utf8()),
            Array(memoryview(array("q", chunk.times))).cast(DataType.timestamp("us", tz="UTC")),
            Array([text.decode() for text in chunk.texts], DataType.utf8()),
        ]
        return RecordBatch.from_arrays(columns, schema=self._schema)

    def _write_all(self) -> None:
        from arro3.core import RecordBatchReader
        from arro3.io import write_parquet

        batches = self._arriving()
        try:
            with self._file:
                write_parquet(
                    RecordBatchReader.from_batches(self._schema, batches),
                    self._file,
                    compression="zstd(1)",
                    max_row_group_size=_ROWS_A_GROUP,
                )
        except BaseException as error:  # whatever it is (the library may panic), whoever writes next is told
            self._failure = error
            while not self._ended or not self._queue.empty():
                if self._queue.get() is None:
                    break

    def _arriving(self) -> Iterator[RecordBatch]:
        while (batch := self._queue.get()) is not None:
            yield batch


def _schema() -> Schema:
    from arro3.core import DataType, Field, Schema

    return Schema(
        [
            Field("event_id", DataType.utf8(), nullable=False),
            Field("emission_time", DataType.timestamp("us", tz="UTC"), nullable=False),
            Field("event", DataType.utf8(), nullable=False),
        ]
    )
