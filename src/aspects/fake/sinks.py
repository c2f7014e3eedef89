"""Where generated data goes: ClickHouse, Ralph, or files."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import httpx

from aspects.errors import AspectsError
from aspects.fake import lms
from aspects.fake.files import JsonLines, Parquet, StatementFile
from aspects.fake.generate import Chunk
from aspects.xapi.statement import Statement
from aspects.xapi.store import StatementStore

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

NAMES: Final = ("clickhouse", "ralph", "file")
_BATCH: Final = 50_000
_CONNECTIONS: Final = 2
"""Batches that are stored at the same time, while the next one is made."""
_RALPH_BATCH: Final = 100
_IDS_A_QUERY: Final = 2000


class Sink(ABC):
    """A place for chunks of statements and for rows of the LMS. Every method raises AspectsError on failure."""

    @property
    def new(self) -> int | None:
        """How many statements were not there before; None where the place cannot tell."""
        return None

    @property
    def keeps_broken(self) -> bool:
        """Whether broken statements are stored, for the warehouse to refuse."""
        return False

    @abstractmethod
    def statements(self, chunk: Chunk) -> None:
        """Take a chunk's statements."""

    @abstractmethod
    def rows(self, rows: lms.Rows) -> None:
        """Take rows of the LMS's tables."""

    @abstractmethod
    def close(self) -> None:
        """Write what is still waiting."""

    def abandon(self) -> None:  # noqa: B027  # most have nothing open
        """Let go of what is open, after a failure."""


class LmsTables:
    """The `event_sink` tables. A row whose dump id is there already is not written again."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._waiting: lms.Rows = {}

    def add(self, rows: lms.Rows) -> None:
        """Take rows, and insert what has gathered when it is enough."""
        for table, values in rows.items():
            self._waiting.setdefault(table, []).extend(values)
        if sum(map(len, self._waiting.values())) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        """Insert what is new of the rows that wait, as CSV in the contract's column order."""
        from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

        try:
            for table, rows in self._waiting.items():
                place = lms.COLUMNS[table].index("dump_id")
                known = self._known(table, sorted({str(row[place]) for row in rows}))
                new = [row for row in rows if row[place] not in known]
                if new:
                    self._client.raw_insert(f"event_sink.{table}", insert_block=lms.as_csv(new), fmt="CSV")
        except ClickHouseError as error:
            raise AspectsError(
                "The courses and people could not be stored.",
                why=str(error).strip(),
                fix="See ./inv dev.status and the log (./inv dev.logs clickhouse), then run the same command again.",
                code="data.not_stored",
            ) from error
        self._waiting.clear()

    def _known(self, table: str, dumps: Sequence[str]) -> set[str]:
        known: set[str] = set()
        for start in range(0, len(dumps), _IDS_A_QUERY):
            listed = ", ".join(f"'{dump}'" for dump in dumps[start : start + _IDS_A_QUERY])
            question = f"select distinct dump_id from event_sink.{table} where dump_id in ({listed})"  # noqa: S608  # UUIDs
            found = self._client.query(question)
            known.update(str(row[0]) for row in found.result_rows)
        return known


class ClickHouseSink(Sink):
    """Straight into the raw table, and into the tables of the LMS.

    With `as_they_come` repeated and broken statements are stored too, as an LRS with no memory would. Else those
    that are there are left out. The first batch is stored before any other: where nothing of it was there, no run with
    the same statements was before, and the others are stored unasked, while further ones are made.
    """

    def __init__(
        self, statements: Client, tables: Client, as_they_come: bool = False, notes: Path | None = None
    ) -> None:
        self._store = StatementStore(statements, notes)
        self._as_they_come = as_they_come
        self._tables = LmsTables(tables)
        self._waiting: list[Chunk] = []
        self._count = 0
        self._stored_before: bool | None = None
        self._new = 0
        self._threads = ThreadPoolExecutor(_CONNECTIONS, "insert")
        self._storing: deque[Future[None]] = deque()

    @property
    def new(self) -> int | None:
        return None if self._as_they_come else self._new

    @property
    def keeps_broken(self) -> bool:
        return True

    def statements(self, chunk: Chunk) -> None:
        self._waiting.append(chunk)
        self._count += chunk.count
        # Small batches, so that the two of a pair come apart.
        if self._count >= (_BATCH // 10 if self._as_they_come else _BATCH):
            self._flush()

    def rows(self, rows: lms.Rows) -> None:
        self._tables.add(rows)

    def close(self) -> None:
        self._flush()
        self._wait(0)

    def abandon(self) -> None:
        self._threads.shutdown(cancel_futures=True)

    def _wait(self, left: int) -> None:
        """Until no more than so many batches are being stored. Raises what one of them failed with."""
        while len(self._storing) > left:
            self._storing.popleft().result()

    def _flush(self) -> None:
        # Courses and people first: whoever looks at a statement finds the names.
        self._tables.flush()
        if not self._waiting:
            return
        if self._as_they_come or self._stored_before is False:
            columns = [chunk.columns for chunk in self._waiting]
            self._wait(_CONNECTIONS - 1)
            storing = self._threads.submit(
                self._store.insert_columns,
                b"".join([ids for ids, _ in columns]),
                [time for chunk in self._waiting for time in chunk.times],
                [text for _, texts in columns for text in texts],
            )
            self._storing.append(storing)
            if self._as_they_come:
                self._wait(0)
            self._new += self._count
        else:
            added = self._store.add(
                [one for chunk in self._waiting for one in map(Statement, chunk.ids, chunk.times, chunk.texts)]
            )
            self._new += added.stored
            self._stored_before = bool(self._stored_before) or added.duplicates > 0
        self._waiting.clear()
        self._count = 0


class RalphSink(Sink):
    """Through the LRS, a hundred statements a request; the tables of the LMS straight into ClickHouse."""

    def __init__(self, url: str, user: str, password: str, tables: Client) -> None:
        self._tables = LmsTables(tables)
        self._client = httpx.Client(base_url=url, auth=(user, password), timeout=120.0)
        self._url = url

    def statements(self, chunk: Chunk) -> None:
        texts = chunk.texts
        for start in range(0, len(texts), _RALPH_BATCH):
            body = b"[" + b",".join(texts[start : start + _RALPH_BATCH]) + b"]"
            try:
                answer = self._client.post(
                    "/xAPI/statements/",
                    content=body,
                    headers={"Content-Type": "application/json", "X-Experience-API-Version": "1.0.3"},
                )
            except httpx.HTTPError as error:
                raise AspectsError(
                    f"Ralph does not answer at {self._url}.",
                    why=str(error) or type(error).__name__,
                    fix="Start the stack with ./inv dev.up; see ./inv dev.status and ./inv dev.logs ralph.",
                    code="data.ralph_unreachable",
                ) from error
            if answer.status_code not in (200, 204):
                login = (
                    "Ralph knows other passwords than .aspects/secrets.env: restart it, ./inv dev.down; ./inv dev.up."
                )
                again = "See ./inv dev.logs ralph, then run the same command again: nothing is stored twice."
                raise AspectsError(
                    f"Ralph at {self._url} refused statements with HTTP status {answer.status_code}.",
                    why=answer.text[:500],
                    fix=login if answer.status_code in (401, 403) else again,
                    code="data.ralph_refused",
                )

    def rows(self, rows: lms.Rows) -> None:
        self._tables.add(rows)

    def close(self) -> None:
        self._tables.flush()
        self._client.close()

    def abandon(self) -> None:
        self._client.close()


class FileSink(Sink):
    """Statements in a file, as JSON lines unless it is to be Parquet; the tables of the LMS as CSV files beside it."""

    def __init__(self, path: Path, parquet: bool = False) -> None:
        self._path = path
        self._folder = path.with_name(path.name + ".event_sink")
        self._tables: dict[str, IO[bytes]] = {}
        with self._writing():
            self._file: StatementFile = Parquet(path) if parquet else JsonLines(path)

    def statements(self, chunk: Chunk) -> None:
        with self._writing():
            self._file.write(chunk)

    def rows(self, rows: lms.Rows) -> None:
        with self._writing():
            self._folder.mkdir(exist_ok=True)
            for table, values in rows.items():
                if table not in self._tables:
                    self._tables[table] = (self._folder / f"{table}.csv").open("wb")
                    self._tables[table].write(lms.as_csv([lms.COLUMNS[table]]))
                self._tables[table].write(lms.as_csv(values))

    def close(self) -> None:
        with self._writing():
            self._file.close()
            for table in self._tables.values():
                table.close()

    def abandon(self) -> None:
        with suppress(OSError):
            self._file.close()
        for table in self._tables.values():
            with suppress(OSError):
                table.close()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AspectsError(
                f"{self._path} cannot be written.",
                why=str(error),
                fix="Free some space, or choose another place with --out.",
                code="data.unwritable",
            ) from error
