"""The engine: opening the database, connections of users, and running statements on them. The only module
that
touches chDB."""

import fcntl
import queue
import resource
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, perf_counter_ns
from typing import Any

from chdb import _chdb as chdb_engine

from embedded_clickhouse.errors import ClickHouseError, engine_error
from embedded_clickhouse.sql import SETTING_NAME, quote_identifier, quote_string
from embedded_clickhouse.users import User

# The engine makes up its own query ids. Ours travels in a setting that nothing in an embedded engine reads,
# which
# shows in system.processes and system.query_log as `user/query id`.
MARK = "s3queue_default_zookeeper_path"

# What the engine's command-line half would otherwise set, put back to what a server has.
_BASE_SETTINGS = {"implicit_select": "0", "allow_introspection_functions": "0"}
_IDLE_CONNECTIONS_PER_USER = 6
_open: Callable[[str], Any] = chdb_engine.connect  # type: ignore[attr-defined]  # chDB's stub leaves it out


@dataclass
class Statistics:
    """What a statement read and wrote. Bytes are uncompressed; elapsed is in nanoseconds."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0
    total_rows_to_read: int = 0


@dataclass
class Result:
    data: bytes
    statistics: Statistics


@dataclass
class Connection:
    """One connection of the engine, narrowed to a user's role. Not for two threads at a time."""

    raw: Any
    user: User
    applied: dict[str, str] = field(default_factory=dict)
    database: str = ""
    session_settings: dict[str, str] = field(default_factory=dict)
    session_database: str = "default"
    dirty: bool = False

    def prepare(self, settings: Mapping[str, str], database: str, query_id: str) -> None:
        """Make this connection's settings and database exactly these, on top of what its session has set.

        Raises ClickHouseError for unknown ones.
        """
        wanted = {**_BASE_SETTINGS, "default_view_definer": self.user.name, **self.user.settings}
        wanted |= {**self.session_settings, **settings, MARK: f"{self.user.name}/{query_id}"}
        database = database or self.session_database
        changes = []
        for name, value in wanted.items():
            if not SETTING_NAME.match(name):
                raise ClickHouseError(115, "UNKNOWN_SETTING", f"Unknown setting '{name}'.")
            if self.applied.get(name) != value:
                changes.append(f"{name} = {quote_string(value)}")
        changes += [f"{name} = DEFAULT" for name in self.applied if name not in wanted]
        if self.database != database:
            self.query(f"USE {quote_identifier(database)}".encode())
            self.database = database
        if changes:
            self.dirty = True
            self.query(("SET " + ", ".join(changes)).encode("utf-8", "surrogateescape"))
            self.dirty = False
            self.applied = wanted

    def keep(self, sets: Mapping[str, str], resets: Iterable[str], database: str) -> None:
        """Remember what a statement has set for the rest of the session."""
        self.session_settings |= sets
        self.applied |= sets
        for name in resets:
            self.session_settings.pop(name, None)
            self.applied.pop(name, None)
        if database:
            self.session_database = self.database = database

    def query(
        self, text: bytes, output_format: str = "TabSeparated", params: Mapping[str, str] | None = None
    ) -> Result:
        """Run one statement and wait for it. Raises ClickHouseError."""
        started = perf_counter_ns()
        try:
            answer = self.raw.query(text, output_format, params=dict(params or {}))
        except (RuntimeError, UnicodeDecodeError) as error:
            raise engine_error(error, self.user.name) from None
        data = answer.bytes() if answer.size() else b""
        return Result(data, _statistics(answer, started))

    def insert(self, head: bytes, input_format: str, chunks: Iterator[bytes]) -> Statistics:
        """Insert rows that arrive in chunks, in memory that does not grow with their number.

        Raises ClickHouseError; whatever `chunks` raises ends the insert without writing what is not
        yet written.
        """
        started = perf_counter_ns()
        stream = None
        try:
            stream = self.raw.send_insert(head, input_format)
            for chunk in chunks:
                self.raw.insert_append(stream, chunk)
            answer = self.raw.insert_done(stream)
        except (RuntimeError, UnicodeDecodeError) as error:
            self._abandon(stream)
            raise engine_error(error, self.user.name) from None
        except BaseException:
            self._abandon(stream)
            raise
        return _statistics(answer, started)

    def report_progress(self, report: Callable[[Statistics], None]) -> None:
        """Tell how far each statement is, from now on and some ten times a second."""
        self.dirty = True
        names = Statistics.__dataclass_fields__
        self.raw.set_progress_callback(lambda step: report(Statistics(**{n: int(step.get(n, 0)) for n in names})))

    def _abandon(self, stream: Any) -> None:
        self.dirty = True
        if stream is not None:
            with suppress(RuntimeError):
                self.raw.insert_cancel(stream)

    def close(self) -> None:
        self.raw.close()


def _statistics(answer: Any, started: int) -> Statistics:
    return Statistics(
        read_rows=answer.storage_rows_read(),
        read_bytes=answer.storage_bytes_read(),
        written_rows=answer.rows_written(),
        written_bytes=answer.bytes_written(),
        result_rows=answer.rows_read(),
        result_bytes=answer.bytes_read(),
        elapsed_ns=perf_counter_ns() - started,
        total_rows_to_read=answer.storage_rows_read(),
    )


class Engine:
    """The one open database of this process."""

    def __init__(self, path: Path, configuration: Path, users: Mapping[str, User]) -> None:
        self._address = f"{path}?config-file={configuration}"
        self._users = users
        self._idle: dict[str, queue.LifoQueue[Connection]] = {name: queue.LifoQueue() for name in users}
        self.admin = next(user for user in users.values() if user.admin)
        self._keeper = _open(self._address)
        self._own: queue.LifoQueue[Connection] = queue.LifoQueue()
        self.version, self.timezone, self.hostname = (
            self.own("SELECT version(), timezone(), hostName()").decode().strip().split("\t")
        )
        self.opened = monotonic()

    def connect(self, user: User, before: Callable[[Connection], object] | None = None) -> Connection:
        """A new connection with this user's privileges and no state.

        `before` runs on it with all privileges.
        """
        connection = Connection(_open(self._address), user)
        if before:
            before(connection)
        if user.readonly:
            connection.query(f"SET ROLE {user.role}; SET readonly = 2".encode())
        else:
            connection.query(f"SET ROLE {user.role}".encode())
        return connection

    @contextmanager
    def lease(self, user: User) -> Iterator[Connection]:
        """A connection for one request. It is closed afterwards if the request may have left state on it."""
        try:
            connection = self._idle[user.name].get_nowait()
        except queue.Empty:
            connection = self.connect(user)
        try:
            yield connection
        except BaseException:
            connection.dirty = True
            raise
        finally:
            self.release(connection)

    def release(self, connection: Connection) -> None:
        idle = self._idle[connection.user.name]
        if connection.dirty or idle.qsize() >= _IDLE_CONNECTIONS_PER_USER:
            connection.close()
        else:
            idle.put(connection)

    def own(self, text: str) -> bytes:
        """Run a statement of the server's own with all privileges, and return its rows as TabSeparated."""
        return self.own_bytes(text.encode("utf-8", "surrogateescape"))

    def own_bytes(self, text: bytes) -> bytes:
        """The same for a statement that may hold any bytes."""
        with self._own_connection() as connection:
            return connection.query(text).data

    def classify(self, text: bytes) -> dict[str, Any]:
        """What the engine's parser says of a text: number of statements and what kind."""
        with self._own_connection() as connection:
            return dict(connection.raw.classify_query(text))

    @contextmanager
    def _own_connection(self) -> Iterator[Connection]:
        """A connection that no client ever uses."""
        try:
            connection = self._own.get_nowait()
        except queue.Empty:
            connection = self.connect(self.admin)
            connection.query(
                f"SET max_query_size = 0, log_queries = 0, implicit_select = 0, {MARK} = 'server/'".encode()
            )
        try:
            yield connection
        finally:
            self._own.put(connection)

    def kill(self, user: User, query_id: str, only_reads: bool = False) -> None:
        """Ask the engine to stop a request's query; it stops soon after."""
        mark = quote_string(f"{user.name}/{query_id}")
        reads = " AND query_kind IN ('Select', 'Show', 'Describe', 'Explain')" if only_reads else ""
        self.own(f"KILL QUERY WHERE Settings['{MARK}'] = {mark}{reads} ASYNC")

    def kill_all(self) -> None:
        """Ask the engine to stop every client's query."""
        self.own(f"KILL QUERY WHERE Settings['{MARK}'] NOT IN ('', 'server/') ASYNC")

    def close(self) -> None:
        """Close every idle connection and the database."""
        for idle in (*self._idle.values(), self._own):
            while not idle.empty():
                idle.get_nowait().close()
        self._keeper.close()


def is_locked(path: Path) -> bool:
    """Whether another process has the database in `path` open. A lock ends with its process, however that ends."""
    try:
        with (path / "status").open("rb") as status:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def raise_file_limit() -> None:
    """A pipe takes two descriptors and tables take many: allow as many as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
