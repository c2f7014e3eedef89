"""Running one request's statement on a connection, in a thread of its own."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from embedded_clickhouse.body import Body
from embedded_clickhouse.engine import Connection, Engine, Result, Statistics
from embedded_clickhouse.errors import ClickHouseError, syntax_error
from embedded_clickhouse.form import ExternalTable
from embedded_clickhouse.gather import MOST_BYTES, Gatherer, is_whole
from embedded_clickhouse.inspection import Inspector, Plan
from embedded_clickhouse.kill import Killer
from embedded_clickhouse.policy import values_are_plain
from embedded_clickhouse.request import Request
from embedded_clickhouse.sql import quote_string
from embedded_clickhouse.statement import Insert, cut_format, cut_insert, find_input, first_word, without_hints
from embedded_clickhouse.users import User

_LONGEST_STATEMENT = 64 << 20
_LONGEST_HEAD = 1 << 20
_CHUNK = 1 << 18

# A body that may be large is written in parts of this size, and not of 256 MB as a server would: a stream of 2 GB
# then takes about 160 MB, in 6 MB parts 230 MB. A smaller body is written at once.
_LARGE_BODY = 64 << 20
_LARGE_COMPRESSED_BODY = 4 << 20
_LARGE_BODY_SETTINGS = {
    "min_insert_block_size_bytes": str(4 << 20),
    "max_insert_block_size_bytes": str(4 << 20),
    "max_insert_block_size": "262144",
}


_ONLY_LITERALS = {
    "input_format_values_interpret_expressions": "0",
    "input_format_values_deduce_templates_of_expressions": "0",
}


@dataclass
class Outcome:
    """What a statement came to. format: of the result, "" when there is none. data: the result where it did not
    go into the pipe. error: why it failed."""

    statistics: Statistics = field(default_factory=Statistics)
    data: bytes = b""
    format: str = ""
    error: ClickHouseError | None = None


class Ticket(Protocol):
    """Told the format of a result as soon as it is known."""

    format: str


class Runner:
    """Runs statements."""

    def __init__(self, engine: Engine, inspector: Inspector) -> None:
        self._engine = engine
        self._inspector = inspector
        self._killer = Killer(engine, inspector)
        self._gatherer = Gatherer(at_once=os.cpu_count() or 1)

    def run(
        self, request: Request, user: User, connection: Connection, body: Body, pipe: str, ticket: Ticket
    ) -> Outcome:
        """Run the statement in the URL, in the body or in both. A query's result goes into `pipe`.

        Raises ClickHouseError.
        """
        rows = body.decoded()
        text = request.query
        if text and not text.endswith(b"\n"):
            text += b"\n"
        if first_word(text) not in (b"INSERT", b""):
            return self._statement(request, user, connection, text + _rest(rows, len(text)), pipe, ticket)
        insert = cut_insert(text, complete=True) if text else None
        if insert and not insert.format and not insert.has_select:
            return self._insert(request, user, connection, insert, text, rows, False)
        complete = False
        while not complete:
            chunk = next(rows, None)
            complete = chunk is None or (body.exhausted and not request.content_encoding)
            text += chunk or b""
            word = first_word(text)
            if word == b"INSERT" or (word and not complete):
                insert = cut_insert(text, complete)
                if word == b"INSERT" and insert is not None:
                    return self._insert(request, user, connection, insert, text, rows, complete)
                if word != b"INSERT":
                    text += _rest(rows, len(text))
                    break
                if len(text) > _LONGEST_HEAD:
                    raise syntax_error("an INSERT of a megabyte without VALUES, FORMAT or SELECT.")
        return self._statement(request, user, connection, text, pipe, ticket)

    def _statement(
        self,
        request: Request,
        user: User,
        connection: Connection,
        text: bytes,
        pipe: str,
        ticket: Ticket,
    ) -> Outcome:
        text = without_hints(text.rstrip(b"\n") if text.endswith(b"\n") else text)
        if not text.strip(b" \t\r\n;\0"):
            raise syntax_error("Empty query. Give a statement in the URL's parameter `query` or in the body.")
        plan = self._inspector.inspect(text, request, user)
        connection.dirty = connection.dirty or plan.leaves_state
        if plan.kills is not None:
            plan = self._killer.kill(plan, user, connection, request)
        query = cut_format(plan.text)
        rows_format = query.format or request.default_format or "TabSeparated"
        if not plan.reads:
            result = connection.query(plan.text, rows_format, request.params)
            connection.keep(plan.sets, plan.resets, plan.uses)
            return Outcome(result.statistics, result.data, rows_format if result.data else "")
        ticket.format = rows_format
        into = f"\nINTO OUTFILE {quote_string(pipe)} APPEND FORMAT {rows_format}".encode()
        result = self._query_into(connection, query.before + into + query.after, plan.text, rows_format, request)
        return Outcome(result.statistics, result.data, rows_format)

    @staticmethod
    def _query_into(connection: Connection, piped: bytes, plain: bytes, rows_format: str, request: Request) -> Result:
        try:
            return connection.query(piped, rows_format, request.params)
        except ClickHouseError as error:
            if error.name != "SYNTAX_ERROR":
                raise
            # A statement of the few that take no INTO OUTFILE, like SHOW GRANTS in some forms: small results.
            return connection.query(plain, rows_format, request.params)

    def _insert(
        self,
        request: Request,
        user: User,
        connection: Connection,
        insert: Insert,
        text: bytes,
        rows: Iterator[bytes],
        complete: bool,
    ) -> Outcome:
        statement = text[: insert.data] if insert.format or insert.has_select else insert.head + b" VALUES"
        plan = self._inspector.inspect(statement, request, user)
        if insert.has_select:
            return self._insert_select(request, connection, insert, plan, text + _rest(rows, len(text)))
        rows_format = insert.format or request.default_format or "Values"
        settings: dict[str, str] = {}
        if not complete and _may_be_large(request):
            settings = {n: v for n, v in _LARGE_BODY_SETTINGS.items() if n not in request.settings}
        if (
            not user.admin
            and "values" in rows_format.lower()
            and not (complete and values_are_plain(text[insert.data :]))
        ):
            # Rows of VALUES may hold expressions: where those cannot be seen to be harmless,
            # only literals are read.
            settings |= _ONLY_LITERALS
        if settings:
            connection.prepare({**request.settings, **settings}, request.database, request.query_id)
        if request.params:
            whole = text + _rest(rows, len(text))
            if not insert.format:
                whole = insert.head + f" FORMAT {rows_format}\n".encode() + whole[insert.data :]
            return Outcome(connection.query(whole, params=request.params).statistics)

        def chunks() -> Iterator[bytes]:
            if insert.data < len(text):
                yield text[insert.data :]
            yield from rows

        if not _may_be_gathered(request, user, rows_format):
            return Outcome(connection.insert(insert.head, rows_format, _even(chunks())))
        whole = b"".join(chunks())
        if not is_whole(whole):
            return Outcome(connection.insert(insert.head, rows_format, iter([whole])))
        kind = (user.name, insert.head, request.database, frozenset(request.settings.items()))
        return Outcome(
            self._gatherer.insert(
                kind, whole, lambda bodies: connection.insert(insert.head, rows_format, _even(iter(bodies)))
            )
        )

    def _insert_select(
        self, request: Request, connection: Connection, insert: Insert, plan: Plan, text: bytes
    ) -> Outcome:
        call = find_input(insert.head) if insert.format else None
        if call is None:
            return Outcome(connection.query(without_hints(plan.text), params=request.params).statistics)
        # The engine takes no rows for input() from its caller, so they come as a temporary table.
        structure = self._engine.own_bytes(b"SELECT " + call.structure + b" FORMAT TSVRaw").decode().strip()
        rows = ExternalTable("_input", structure, insert.format, text[insert.data :])
        fresh = self._engine.connect(connection.user, rows.create)
        try:
            fresh.prepare(request.settings, request.database or connection.database, request.query_id)
            whole = insert.head[: call.start] + b"_input" + insert.head[call.end :]
            return Outcome(fresh.query(whole, params=request.params).statistics)
        finally:
            fresh.close()


def _may_be_gathered(request: Request, user: User, rows_format: str) -> bool:
    """Whether the client lets its insert be written with others: `async_insert`, in a request without a session."""
    is_asked_for = request.flag("async_insert", default=user.settings.get("async_insert") == "1")
    is_small = request.content_length is not None and request.content_length <= MOST_BYTES
    return is_asked_for and is_small and rows_format == "Native" and not (request.session_id or request.params)


def _may_be_large(request: Request) -> bool:
    limit = _LARGE_COMPRESSED_BODY if request.content_encoding or request.decompress else _LARGE_BODY
    return request.content_length is None or request.content_length > limit


def _even(chunks: Iterator[bytes], size: int = _CHUNK) -> Iterator[bytes]:
    """The same bytes in chunks of at least `size`: each costs the engine a call."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(held) if len(held) > 1 else chunk
            held, length = [], 0
    if held:
        yield b"".join(held)


def _rest(rows: Iterator[bytes], already: int) -> bytes:
    """Everything that is left, for statements that must be whole before they can run."""
    parts: list[bytes] = []
    for chunk in rows:
        parts.append(chunk)
        already += len(chunk)
        if already > _LONGEST_STATEMENT:
            raise ClickHouseError(
                177,
                "QUERY_IS_TOO_LARGE",
                f"A statement is larger than {_LONGEST_STATEMENT} bytes. Send rows with INSERT.",
            )
    return b"".join(parts)


def summary(statistics: Statistics) -> str:
    """The value of X-ClickHouse-Summary and X-ClickHouse-Progress."""
    return json.dumps(
        {
            "read_rows": str(statistics.read_rows),
            "read_bytes": str(statistics.read_bytes),
            "written_rows": str(statistics.written_rows),
            "written_bytes": str(statistics.written_bytes),
            "total_rows_to_read": str(statistics.total_rows_to_read),
            "result_rows": str(statistics.result_rows),
            "result_bytes": str(statistics.result_bytes),
            "elapsed_ns": str(statistics.elapsed_ns),
        },
        separators=(",", ":"),
    )
