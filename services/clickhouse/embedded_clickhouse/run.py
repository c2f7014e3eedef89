"""Running one request's statement on a connection, in a thread of its own."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from embedded_clickhouse.body import Body
from embedded_clickhouse.engine import Connection, Engine, Result, Statistics
from embedded_clickhouse.errors import ClickHouseError, syntax_error
from embedded_clickhouse.inspection import Inspector
from embedded_clickhouse.request import Request
from embedded_clickhouse.sql import quote_string
from embedded_clickhouse.statement import Insert, cut_format, cut_insert, first_word, tokens, without_hints
from embedded_clickhouse.users import User

_LONGEST_STATEMENT = 64 << 20
_LONGEST_HEAD = 1 << 20


@dataclass
class Outcome:
    """What a statement came to. format: of the result, "" when there is none. data: the result where it did not
    go into the pipe. error: why it failed."""

    statistics: Statistics = field(default_factory=Statistics)
    data: bytes = b""
    format: str = ""
    error: ClickHouseError | None = None


class Runner:
    """Runs statements. `started` is told the format of a result as soon as it is known."""

    def __init__(self, engine: Engine, inspector: Inspector) -> None:
        self._engine = engine
        self._inspector = inspector

    def run(
        self, request: Request, user: User, connection: Connection, body: Body, pipe: str, started: Callable[[str], None]
    ) -> Outcome:
        """Run the statement in the URL, in the body or in both. A query's result goes into `pipe`.

        Raises ClickHouseError.
        """
        rows = body.decoded()
        text = request.query
        if text and not text.endswith(b"\n"):
            text += b"\n"
        if first_word(text) not in (b"INSERT", b""):
            return self._statement(request, user, connection, text + _rest(rows, len(text)), pipe, started)
        complete = False
        while not complete:
            chunk = next(rows, None)
            complete = chunk is None
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
        return self._statement(request, user, connection, text, pipe, started)

    def _statement(
        self,
        request: Request,
        user: User,
        connection: Connection,
        text: bytes,
        pipe: str,
        started: Callable[[str], None],
    ) -> Outcome:
        text = without_hints(text.rstrip(b"\n") if text.endswith(b"\n") else text)
        if not text.strip(b" \t\r\n;\0"):
            raise syntax_error("Empty query. Give a statement in the URL's parameter `query` or in the body.")
        plan = self._inspector.inspect(text, request, user, connection)
        text = plan.text
        if plan.leaves_state:
            connection.dirty = True
        if not plan.reads:
            result = connection.query(text, request.default_format or "TabSeparated", request.params)
            return Outcome(result.statistics, result.data, request.default_format or "TabSeparated" if result.data else "")
        query = cut_format(text)
        format = query.format or request.default_format or "TabSeparated"
        started(format)
        into = f"\nINTO OUTFILE {quote_string(pipe)} APPEND FORMAT {format}".encode()
        result = self._query_into(connection, query.before + into + query.after, text, format, request)
        return Outcome(result.statistics, result.data, format)

    @staticmethod
    def _query_into(connection: Connection, piped: bytes, plain: bytes, format: str, request: Request) -> Result:
        try:
            return connection.query(piped, format, request.params)
        except ClickHouseError as error:
            if error.name != "SYNTAX_ERROR":
                raise
            # A statement of the few that take no INTO OUTFILE, like SHOW GRANTS in some forms: small results.
            return connection.query(plain, format, request.params)

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
        if insert.has_select:
            return self._insert_select(request, user, connection, insert, text + _rest(rows, len(text)))
        self._inspector.inspect_insert(insert.head, request, user, connection)
        format = insert.format or request.default_format or "Values"
        if request.params:
            whole = text + _rest(rows, len(text))
            if not insert.format:
                whole = insert.head + f" FORMAT {format}\n".encode() + whole[insert.data :]
            return Outcome(connection.query(whole, params=request.params).statistics)

        def chunks() -> Iterator[bytes]:
            if insert.data < len(text):
                yield text[insert.data :]
            yield from rows

        return Outcome(connection.insert(insert.head, format, _large(chunks())))

    def _insert_select(
        self, request: Request, user: User, connection: Connection, insert: Insert, text: bytes
    ) -> Outcome:
        if insert.format and not any(token.is_word(b"INPUT") for token in tokens(insert.head)):
            text = insert.head
        self._inspector.inspect_insert(insert.head, request, user, connection)
        result = connection.query(without_hints(text) if not insert.format else text, params=request.params)
        return Outcome(result.statistics)


def _large(chunks: Iterator[bytes], size: int = 1 << 18) -> Iterator[bytes]:
    """The same bytes in fewer, larger chunks: each costs the engine a call."""
    held: list[bytes] = []
    length = 0
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length >= size:
            yield b"".join(held)
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
                177, "QUERY_IS_TOO_LARGE", f"A statement is larger than {_LONGEST_STATEMENT} bytes. Send rows with INSERT."
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
            "total_rows_to_read": str(statistics.read_rows),
            "result_rows": str(statistics.result_rows),
            "result_bytes": str(statistics.result_bytes),
            "elapsed_ns": str(statistics.elapsed_ns),
        },
        separators=(",", ":"),
    )
