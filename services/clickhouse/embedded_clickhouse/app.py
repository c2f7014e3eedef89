"""The HTTP interface itself, as an ASGI application."""

import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager

from embedded_clickhouse.body import Body
from embedded_clickhouse.engine import Connection, Engine
from embedded_clickhouse.errors import ClickHouseError, authentication_failed
from embedded_clickhouse.exchange import Exchange, Receive, Scope, Send, Ticket
from embedded_clickhouse.form import ExternalTable, create_tables, is_form, read_form
from embedded_clickhouse.inspection import Inspector
from embedded_clickhouse.output import Pipe
from embedded_clickhouse.request import Request
from embedded_clickhouse.run import Outcome, Runner
from embedded_clickhouse.sessions import Sessions
from embedded_clickhouse.users import User, authenticate

_EXPOSED = (
    "X-ClickHouse-Query-Id,X-ClickHouse-Summary,X-ClickHouse-Server-Display-Name,X-ClickHouse-Format,"
    "X-ClickHouse-Timezone,X-ClickHouse-Exception-Code,X-ClickHouse-Exception-Tag"
)


class Server:
    """Answers requests. At most `most_queries` statements run at a time; each has a thread."""

    def __init__(self, engine: Engine, users: Mapping[str, User], most_queries: int) -> None:
        self._engine = engine
        self._users = users
        self._most_queries = most_queries
        self._running = 0
        self.threads = ThreadPoolExecutor(most_queries, thread_name_prefix="query")
        self.coders = ThreadPoolExecutor(4, thread_name_prefix="encode")
        self.sessions = Sessions(engine)
        self._inspector = Inspector(engine)
        self._runner = Runner(engine, self._inspector)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await Exchange(self, scope, receive, send).answer()

    @property
    def version(self) -> str:
        """The engine's version."""
        return self._engine.version

    @contextmanager
    def slot(self) -> Iterator[None]:
        """A place among the statements that may run. Raises ClickHouseError when all are taken."""
        if self._running >= self._most_queries:
            raise ClickHouseError(
                202,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"Too many simultaneous queries. Maximum: {self._most_queries}. Try again when some have ended.",
            )
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1

    def authenticate(self, request: Request) -> User:
        """The user of a request. Raises ClickHouseError."""
        name = request.user or "default"
        user = authenticate(self._users, name, request.password)
        if user is None:
            raise authentication_failed(name)
        return user

    def work(self, request: Request, user: User, body: Body, pipe: Pipe, ticket: Ticket) -> Outcome:
        """In a thread: a connection, the settings, the statement. Always closes the pipe's writing end."""
        try:
            tables: list[ExternalTable] = []
            if is_form(request):
                request, tables = read_form(request, body)
            self._inspector.check_request(request, user)
            with self._connection(request, user, tables) as connection:
                connection.prepare(request.settings, request.database, request.query_id)
                if request.flag("send_progress_in_http_headers"):
                    connection.report_progress(ticket.progress.append)
                return self._runner.run(request, user, connection, body, pipe.path, ticket)
        except ClickHouseError as error:
            return Outcome(error=error)
        except Exception as error:
            traceback.print_exc()
            return Outcome(error=ClickHouseError(1002, "UNKNOWN_EXCEPTION", f"{type(error).__name__}: {error}"))
        finally:
            pipe.close_writing()
            body.discard()

    @contextmanager
    def _connection(self, request: Request, user: User, tables: list[ExternalTable]) -> Iterator[Connection]:
        if tables:
            # Made before the user's role is on: a table that comes with the query needs no privilege.
            connection = self._engine.connect(user, lambda fresh: create_tables(fresh, tables))
            try:
                yield connection
            finally:
                connection.close()
            return
        lease: AbstractContextManager[Connection] = (
            self.sessions.connection(request, user) if request.session_id else self._engine.lease(user)
        )
        with lease as connection:
            yield connection

    def headers(self, request: Request | None) -> list[tuple[bytes, bytes]]:
        """The headers of every answer to a statement."""
        headers = {
            "X-ClickHouse-Server-Display-Name": self._engine.hostname,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "Keep-Alive": "timeout=30",
            "Access-Control-Expose-Headers": _EXPOSED,
        }
        if request:
            headers["X-ClickHouse-Query-Id"] = "".join(c for c in request.query_id if c.isprintable())
        return [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]

    def cancel_read(self, user: User, query_id: str) -> None:
        """Stop a query whose client went away, if it only reads."""
        self.coders.submit(self._engine.kill, user, query_id, only_reads=True)

    def stop(self) -> None:
        """Stop what still runs, and take no more."""
        self._engine.kill_all()
        self.threads.shutdown(wait=True, cancel_futures=True)
        self.sessions.expire(everything=True)
