"""Requests whose body is a form: parameters of the query, and tables that come along with it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from io import BytesIO

import python_multipart
from python_multipart.exceptions import FormParserError

from embedded_clickhouse.body import Body
from embedded_clickhouse.engine import Connection
from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.request import Request
from embedded_clickhouse.sql import quote_identifier

_LARGEST = 256 << 20


@dataclass(frozen=True)
class ExternalTable:
    """A table that exists for one query.

    Structure: its columns as CREATE TABLE has them. data: rows in `format`.
    """

    name: str
    structure: str
    format: str
    data: bytes

    def create(self, connection: Connection) -> None:
        """Create and fill it. Raises ClickHouseError."""
        table = quote_identifier(self.name)
        connection.query(f"CREATE TEMPORARY TABLE {table} ({self.structure}) ENGINE = Memory".encode())
        connection.insert(f"INSERT INTO {table}".encode(), self.format, iter([self.data] if self.data else []))


def create_tables(connection: Connection, tables: Iterable[ExternalTable]) -> None:
    """Create and fill the tables that came with a query. Raises ClickHouseError."""
    for table in tables:
        table.create(connection)


def is_form(request: Request) -> bool:
    return request.content_type.lower().startswith("multipart/form-data")


def read_form(request: Request, body: Body) -> tuple[Request, list[ExternalTable]]:
    """The request with the form's parameters, and the tables in it.

    Raises ClickHouseError for a broken form.
    """
    whole = b"".join(_bounded(body))
    fields: dict[str, str] = {}
    files: dict[str, bytes] = {}

    def on_field(field: object) -> None:
        name, value = getattr(field, "field_name", b"") or b"", getattr(field, "value", b"") or b""
        fields[name.decode("utf-8", "surrogateescape")] = value.decode("utf-8", "surrogateescape")

    def on_file(file: object) -> None:
        name, handle = getattr(file, "field_name", b"") or b"", getattr(file, "file_object", BytesIO())
        handle.seek(0)
        files[name.decode("utf-8", "surrogateescape")] = handle.read()

    headers = {
        "Content-Type": request.content_type.encode("latin-1"),
        "Content-Length": str(len(whole)).encode(),
    }
    try:
        python_multipart.parse_form(headers, BytesIO(whole), on_field, on_file)
    except (FormParserError, ValueError) as error:
        raise ClickHouseError(36, "BAD_ARGUMENTS", f"Cannot read the form in the request's body: {error}") from None
    described = {**request.settings, **fields}
    tables = [_table(name, data, described) for name, data in files.items()]
    used = {f"{table.name}_{suffix}" for table in tables for suffix in ("structure", "types", "format")}
    request = request.with_fields({name: value for name, value in fields.items() if name not in used})
    kept = {name: value for name, value in request.settings.items() if name not in used}
    return replace(request, settings=kept, content_length=0), tables


def _bounded(body: Body) -> list[bytes]:
    chunks, size = [], 0
    for chunk in body.decoded():
        chunks.append(chunk)
        size += len(chunk)
        if size > _LARGEST:
            raise ClickHouseError(
                177, "QUERY_IS_TOO_LARGE", f"A form is larger than {_LARGEST} bytes. Insert the rows first."
            )
    return chunks


def _table(name: str, data: bytes, described: Mapping[str, str]) -> ExternalTable:
    structure = described.get(f"{name}_structure", "")
    if not structure and (types := described.get(f"{name}_types", "")):
        structure = ", ".join(f"_{number} {kind}" for number, kind in enumerate(types.split(","), 1))
    if not structure:
        raise ClickHouseError(
            36, "BAD_ARGUMENTS", f"Table {name} in the form has no {name}_structure and no {name}_types."
        )
    return ExternalTable(name, structure, described.get(f"{name}_format", "TabSeparated"), data)
