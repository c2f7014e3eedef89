"""One request and its answer, on the event loop."""

import asyncio
import secrets
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from embedded_clickhouse.body import Body
from embedded_clickhouse.codecs import Encoder, decoder_of, encoder_for
from embedded_clickhouse.engine import Statistics
from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.output import Pipe
from embedded_clickhouse.request import Request, read_request
from embedded_clickhouse.run import Outcome, summary
from embedded_clickhouse.users import User

if TYPE_CHECKING:
    from embedded_clickhouse.app import Server

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_HELD_BACK = 1 << 20
_MOST_HELD_BACK = 256 << 20
_MOST_PROGRESS_HEADERS = 50
_JSON = "application/json; charset=UTF-8"
_CONTENT_TYPES = {
    **dict.fromkeys(("JSON", "JSONCompact", "JSONStrings", "JSONCompactStrings", "JSONColumns"), _JSON),
    **dict.fromkeys(("JSONColumnsWithMetadata", "JSONCompactColumns", "JSONObjectEachRow"), _JSON),
    **dict.fromkeys(("JSONEachRow", "JSONLines", "NDJSON"), "application/x-ndjson; charset=UTF-8"),
    **dict.fromkeys(
        ("Native", "RowBinary", "Parquet", "Arrow", "ArrowStream", "ORC", "Avro"), "application/octet-stream"
    ),
    **dict.fromkeys(("TabSeparated", "TSV"), "text/tab-separated-values; charset=UTF-8"),
    **dict.fromkeys(("TabSeparatedWithNames", "TSVWithNames"), "text/tab-separated-values; charset=UTF-8"),
    "CSV": "text/csv; charset=UTF-8; header=absent",
    "CSVWithNames": "text/csv; charset=UTF-8; header=present",
    "XML": "application/xml; charset=UTF-8",
}


@dataclass
class Ticket:
    """What the thread that runs a statement tells the event loop while it runs."""

    format: str = ""
    progress: list[Statistics] = field(default_factory=list)


class Exchange:
    """One request and its answer."""

    def __init__(self, server: "Server", scope: Scope, receive: Receive, send: Send) -> None:
        self._server = server
        self._scope = scope
        self._receive = receive
        self._send = send
        self._started = False
        self._gone = False
        self._tag = secrets.token_hex(8)
        self._encoder: Encoder | None = None
        self._request: Request | None = None

    async def answer(self) -> None:
        """Answer, whatever happens."""
        path, method = self._scope["path"], self._scope["method"]
        if path in ("/ping", "/replicas_status"):
            await self._plain(200, "Ok.\n")
        elif path != "/":
            await self._plain(404, f"There is no handle {path}\n\nUse / for queries or /ping for health checks.\n")
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
        if request.method == "GET" and not self._scope["query_string"]:
            await self._plain(200, "Ok.\n")
            return
        user = self._server.authenticate(request)
        body = Body(asyncio.get_running_loop(), decoder_of(request.content_encoding), request.content_length)
        pump = asyncio.create_task(self._pump(body, request, user))
        try:
            with self._server.slot():
                await self._run(request, user, body)
        finally:
            body.discard()
            pump.cancel()

    async def _pump(self, body: Body, request: Request, user: User) -> None:
        """Take in the body, and afterwards notice when the client goes away."""
        complete = False
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
            if message.get("body"):
                await body.feed(message["body"])
            if not complete and not message.get("more_body"):
                complete = True
                body.end()
        self._gone = True
        if not complete:
            body.end(ClickHouseError(210, "NETWORK_ERROR", "The client went away before its request was complete."))
        elif request.flag("cancel_http_readonly_queries_on_client_close"):
            self._server.cancel_read(user, request.query_id)

    async def _run(self, request: Request, user: User, body: Body) -> None:
        loop = asyncio.get_running_loop()
        pipe = Pipe(loop)
        ticket = Ticket()
        work = loop.run_in_executor(self._server.threads, self._server.work, request, user, body, pipe, ticket)
        try:
            held = bytearray()
            limit = _MOST_HELD_BACK if request.wait_end_of_query else _HELD_BACK
            while piece := await pipe.read():
                if self._gone:
                    pipe.close_reading()
                    break
                if self._started:
                    await self._write(piece)
                    continue
                held += piece
                if len(held) >= limit:
                    running = ticket.progress[-1] if ticket.progress else Statistics()
                    await self._start(request, ticket, Outcome(running, format=ticket.format))
                    await self._write(bytes(held))
                    held = bytearray()
            outcome = await asyncio.shield(work)
            if outcome.error and self._started:
                await self._break_off(outcome.error)
                return
            if outcome.error:
                raise outcome.error
            rest = bytes(held) + outcome.data
            if not self._started:
                await self._start(request, ticket, outcome, rest)
            await self._finish(rest)
        finally:
            pipe.close_reading()
            await asyncio.shield(work)

    async def _start(self, request: Request, ticket: Ticket, outcome: Outcome, whole: bytes | None = None) -> None:
        """Send the status and the headers; `whole` when the body is known already."""
        headers = self._server.headers(request)
        if request.flag("send_progress_in_http_headers"):
            for step in ticket.progress[-_MOST_PROGRESS_HEADERS:]:
                headers.append((b"X-ClickHouse-Progress", summary(step).encode()))
        headers.append((b"X-ClickHouse-Summary", summary(outcome.statistics).encode()))
        headers.append((b"X-ClickHouse-Exception-Tag", self._tag.encode()))
        if outcome.format:
            headers.append((b"X-ClickHouse-Format", outcome.format.encode()))
        content_type = _CONTENT_TYPES.get(outcome.format, "text/plain; charset=UTF-8")
        headers.append((b"Content-Type", content_type.encode()))
        compress = whole != b"" and request.flag("enable_http_compression", default=True)
        if compress and (found := encoder_for(request.accept_encoding)):
            headers.append((b"Content-Encoding", found[0].encode()))
            self._encoder = found[1]
        elif whole is not None:
            headers.append((b"Content-Length", str(len(whole)).encode()))
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
        trailer = (
            f"\r\n__exception__\r\n{tag}\r\n{text}{len(text.encode('utf-8', 'replace'))} {tag}\r\n__exception__\r\n"
        )
        await self._finish(trailer.encode("utf-8", "replace"))

    async def _fail(self, error: ClickHouseError) -> None:
        self._log(error)
        headers = self._server.headers(self._request)
        headers.append((b"X-ClickHouse-Exception-Code", str(error.code).encode()))
        headers.append((b"Content-Type", b"text/plain; charset=UTF-8"))
        if error.status == 401:
            headers.append((b"WWW-Authenticate", b'Basic realm="ClickHouse server HTTP API"'))
        body = error.message(self._server.version).encode("utf-8", "replace")
        headers.append((b"Content-Length", str(len(body)).encode()))
        await self._send({"type": "http.response.start", "status": error.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body})

    def _log(self, error: ClickHouseError) -> None:
        request = self._request
        who = f"user={request.user or 'default'} query_id={request.query_id} " if request else ""
        line = f"{who}{error}".replace("\n", " ")[:500]
        print(line.encode("utf-8", "replace").decode(), file=sys.stderr, flush=True)

    async def _plain(self, status: int, text: str) -> None:
        headers = [
            (b"Content-Type", b"text/plain; charset=UTF-8"),
            (b"Content-Length", str(len(text)).encode()),
        ]
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": text.encode()})
