"""The HTTP interface itself, as an ASGI application."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from embedded_clickhouse.body import Body
from embedded_clickhouse.codecs import Encoder, decoder_of, encoder_for
from embedded_clickhouse.engine import Connection, Engine
from embedded_clickhouse.errors import ClickHouseError, authentication_failed
from embedded_clickhouse.inspection import Inspector
from embedded_clickhouse.output import Pipe
from embedded_clickhouse.request import Request, read_request
from embedded_clickhouse.run import Outcome, Runner, summary
from embedded_clickhouse.sessions import Sessions
from embedded_clickhouse.users import User, authenticate

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_HELD_BACK = 1 << 20
_CONTENT_TYPES = {
    "JSON": "application/json; charset=UTF-8",
    "JSONCompact": "application/json; charset=UTF-8",
    "JSONStrings": "application/json; charset=UTF-8",
    "JSONCompactStrings": "application/json; charset=UTF-8",
    "JSONColumns": "application/json; charset=UTF-8",
    "JSONColumnsWithMetadata": "application/json; charset=UTF-8",
    "JSONEachRow": "application/x-ndjson; charset=UTF-8",
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "TabSeparated": "text/tab-separated-values; charset=UTF-8",
    "TSV": "text/tab-separated-values; charset=UTF-8",
    "XML": "application/xml; charset=UTF-8",
    "Native": "application/octet-stream",
    "RowBinary": "application/octet-stream",
    "Parquet": "application/octet-stream",
    "Arrow": "application/octet-stream",
    "ArrowStream": "application/octet-stream",
}


class Server:
    """Answers requests. At most `most_queries` statements run at a time; each has a thread."""

    def __init__(self, engine: Engine, users: Mapping[str, User], most_queries: int) -> None:
        self._engine = engine
        self._users = users
        self._most_queries = most_queries
        self._running = 0
        self._threads = ThreadPoolExecutor(most_queries, thread_name_prefix="query")
        self._coders = ThreadPoolExecutor(4, thread_name_prefix="encode")
        self.sessions = Sessions(engine)
        self._runner = Runner(engine, Inspector(engine))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            await _Exchange(self, scope, receive, send).answer()

    async def run(self, exchange: "_Exchange", request: Request, user: User, body: Body) -> None:
        if self._running >= self._most_queries:
            raise ClickHouseError(
                202,
                "TOO_MANY_SIMULTANEOUS_QUERIES",
                f"Too many simultaneous queries. Maximum: {self._most_queries}. Try again when some have ended.",
            )
        self._running += 1
        try:
            await exchange.run(self, request, user, body)
        finally:
            self._running -= 1

    def authenticate(self, request: Request) -> User:
        name = request.user or "default"
        user = authenticate(self._users, name, request.password)
        if user is None:
            raise authentication_failed(name)
        return user

    def work(self, request: Request, user: User, body: Body, pipe: Pipe, started: Callable[[str], None]) -> Outcome:
        """In a thread: a connection, the settings, the statement. Always closes the pipe's writing end."""
        try:
            with self._connection(request, user) as connection:
                connection.prepare(request.settings, request.database or "default", request.query_id)
                return self._runner.run(request, user, connection, body, pipe.path, started)
        except ClickHouseError as error:
            return Outcome(error=error)
        finally:
            pipe.close_writing()
            body.discard()

    def _connection(self, request: Request, user: User) -> AbstractContextManager[Connection]:
        return self.sessions.connection(request, user) if request.session_id else self._engine.lease(user)

    def headers(self, request: Request | None) -> list[tuple[bytes, bytes]]:
        """The headers of every answer to a statement."""
        headers = {
            "X-ClickHouse-Server-Display-Name": self._engine.hostname,
            "X-ClickHouse-Timezone": self._engine.timezone,
            "Keep-Alive": "timeout=30",
            "Access-Control-Expose-Headers": "X-ClickHouse-Query-Id,X-ClickHouse-Summary,"
            "X-ClickHouse-Server-Display-Name,X-ClickHouse-Format,X-ClickHouse-Timezone,"
            "X-ClickHouse-Exception-Code,X-ClickHouse-Exception-Tag",
        }
        if request:
            headers["X-ClickHouse-Query-Id"] = request.query_id
        return [(name.encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]

    @property
    def version(self) -> str:
        return self._engine.version

    @property
    def threads(self) -> ThreadPoolExecutor:
        return self._threads

    @property
    def coders(self) -> ThreadPoolExecutor:
        return self._coders

    def kill(self, user: User, query_id: str) -> None:
        self._engine.kill(user, query_id)


class _Exchange:
    """One request and its answer."""

    def __init__(self, server: Server, scope: Scope, receive: Receive, send: Send) -> None:
        self._server = server
        self._scope = scope
        self._receive = receive
        self._send = send
        self._started = False
        self._tag = secrets.token_urlsafe(12)[:16].replace("-", "x").replace("_", "y")
        self._encoder: Encoder | None = None
        self._request: Request | None = None

    async def answer(self) -> None:
        path, method = self._scope["path"], self._scope["method"]
        if path in ("/ping", "/replicas_status"):
            await self._plain(200, "Ok.\n")
        elif path != "/":
            await self._plain(404, f"There is no handle {path}\n\nUse / or /ping for health checks.\n")
        elif method not in ("GET", "HEAD", "POST", "PUT"):
            await self._plain(501, f"Method {method} is not implemented; use GET or POST.\n")
        else:
            try:
                await self._statement(method)
            except ClickHouseError as error:
                await self._fail(error)

    async def _statement(self, method: str) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self._scope["headers"]}
        request = read_request("GET" if method == "HEAD" else method, self._scope["query_string"], headers)
        self._request = request
        if method == "GET" and not request.query and "authorization" not in headers and request.user is None:
            await self._plain(200, "Ok.\n")
            return
        user = self._server.authenticate(request)
        decoder = decoder_of(request.content_encoding)
        body = Body(asyncio.get_running_loop(), decoder)
        pump = asyncio.create_task(self._pump(body))
        try:
            await self._server.run(self, request, user, body)
        finally:
            body.discard()
            pump.cancel()

    async def _pump(self, body: Body) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                body.end(ClickHouseError(210, "NETWORK_ERROR", "The client went away before its request was complete."))
                return
            if message.get("body"):
                await body.feed(message["body"])
            if not message.get("more_body"):
                body.end()
                return

    async def run(self, server: Server, request: Request, user: User, body: Body) -> None:
        loop = asyncio.get_running_loop()
        pipe = Pipe(loop)
        formats: list[str] = []
        work = loop.run_in_executor(server.threads, server.work, request, user, body, pipe, formats.append)
        try:
            held = bytearray()
            while piece := await pipe.read():
                if self._started:
                    await self._write(piece)
                    continue
                held += piece
                if len(held) >= _HELD_BACK and not request.wait_end_of_query:
                    await self._start(request, formats[-1], Outcome())
                    await self._write(bytes(held))
                    held = bytearray()
            outcome = await work
            if outcome.error and self._started:
                await self._break_off(outcome.error)
                return
            if outcome.error:
                raise outcome.error
            if not self._started:
                await self._start(request, outcome.format, outcome)
            await self._finish(bytes(held) + outcome.data)
        finally:
            pipe.close_reading()
            await asyncio.shield(work)

    async def _start(self, request: Request, format: str, outcome: Outcome) -> None:
        headers = self._server.headers(request)
        headers.append((b"X-ClickHouse-Summary", summary(outcome.statistics).encode()))
        headers.append((b"X-ClickHouse-Exception-Tag", self._tag.encode()))
        if format:
            headers.append((b"X-ClickHouse-Format", format.encode()))
        content_type = _CONTENT_TYPES.get(format, "text/plain; charset=UTF-8")
        headers.append((b"Content-Type", content_type.encode()))
        if request.flag("enable_http_compression") and (found := encoder_for(request.accept_encoding)):
            headers.append((b"Content-Encoding", found[0].encode()))
            self._encoder = found[1]
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})
        self._started = True

    async def _write(self, piece: bytes) -> None:
        if self._encoder:
            loop = asyncio.get_running_loop()
            piece = await loop.run_in_executor(self._server.coders, self._encoder.compress, piece)
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})

    async def _finish(self, piece: bytes) -> None:
        if self._encoder:
            piece = self._encoder.compress(piece) + self._encoder.flush()
        await self._send({"type": "http.response.body", "body": piece, "more_body": False})

    async def _break_off(self, error: ClickHouseError) -> None:
        """An error after rows were sent: ClickHouse writes it, tagged, at the end of them."""
        self._log(error)
        text = error.message(self._server.version)
        tag = self._tag
        trailer = f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode())} {tag}\r\n__exception__\r\n"
        await self._finish(trailer.encode("utf-8", "replace"))

    async def _fail(self, error: ClickHouseError) -> None:
        self._log(error)
        headers = self._server.headers(self._request)
        headers.append((b"X-ClickHouse-Exception-Code", str(error.code).encode()))
        headers.append((b"Content-Type", b"text/plain; charset=UTF-8"))
        if error.status == 401:
            headers.append((b"WWW-Authenticate", b'Basic realm="ClickHouse server HTTP API"'))
        body = error.message(self._server.version).encode("utf-8", "replace")
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _log(self, error: ClickHouseError) -> None:
        request = self._request
        who = f"user={request.user or 'default'} query_id={request.query_id} " if request else ""
        print(f"{who}{error}".replace("\n", " ")[:500], file=sys.stderr, flush=True)

    async def _plain(self, status: int, text: str) -> None:
        headers = [(b"Content-Type", b"text/plain; charset=UTF-8")]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": text.encode()})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
