"""A request of ClickHouse's HTTP interface, read from URL and headers."""

import base64
import binascii
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote

from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.sql import to_bytes

_RESERVED_NAMES = """
    query user password database default_format session_id session_timeout session_check close_session
    query_id compress decompress wait_end_of_query buffer_size quota_key stacktrace role
    client_protocol_version
"""
_RESERVED = frozenset(_RESERVED_NAMES.split())
_FORMAT_NAME = re.compile(r"[A-Za-z0-9_]+\Z")
_LONGEST_SESSION = 3600


@dataclass(frozen=True)
class Request:
    """What a client asks for.

    query: the statement in the URL. settings: every parameter that is nothing else. params: values of
    `{name:Type}`, by name. session_timeout: seconds. user and password: None when the client gave none.
    """

    method: str
    query: bytes = b""
    settings: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    password: str = ""
    database: str = ""
    default_format: str = ""
    session_id: str = ""
    session_timeout: int = 60
    session_check: bool = False
    close_session: bool = False
    query_id: str = ""
    compress: bool = False
    decompress: bool = False
    wait_end_of_query: bool = False
    content_type: str = ""
    content_encoding: str = ""
    accept_encoding: str = ""
    content_length: int | None = None

    def flag(self, name: str, default: bool = False) -> bool:
        """A setting of this request that is on or off."""
        value = self.settings.get(name)
        return default if value is None else _is_true(value)

    def with_fields(self, fields: Mapping[str, str]) -> "Request":
        """This request with parameters that came in a form instead of the URL."""
        settings, params, query = dict(self.settings), dict(self.params), self.query
        for name, value in fields.items():
            if name.startswith("param_"):
                params[name.removeprefix("param_")] = value
            elif name == "query":
                query += to_bytes(value)
            elif name not in _RESERVED:
                settings[name] = value
        return replace(self, settings=settings, params=params, query=query)


def _is_true(value: str) -> bool:
    return value.strip().lower() in ("1", "true", "yes", "on")


def read_request(method: str, query_string: bytes, headers: Mapping[str, str]) -> Request:
    """Read a request's URL and headers (names in small letters).

    Raises ClickHouseError for what cannot be understood.
    """
    pairs = parse_qsl(
        query_string.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="surrogateescape"
    )
    values: dict[str, str] = {}
    query = b""
    for name, value in pairs:
        if name == "query":
            query += to_bytes(value)
        else:
            values[name] = value
    if values.get("role"):
        raise ClickHouseError(
            512, "SET_NON_GRANTED_ROLE", "Roles belong to users here and cannot be chosen; leave out `role`."
        )
    default_format = values.get("default_format") or headers.get("x-clickhouse-format", "")
    if default_format and not _FORMAT_NAME.match(default_format):
        raise ClickHouseError(73, "UNKNOWN_FORMAT", f"Unknown format {default_format}")
    user, password = _credentials(values, headers)
    return Request(
        method=method,
        query=query,
        settings={n: v for n, v in values.items() if n and n not in _RESERVED and not n.startswith("param_")},
        params={n.removeprefix("param_"): v for n, v in values.items() if n.startswith("param_")},
        user=user,
        password=password,
        database=values.get("database") or headers.get("x-clickhouse-database", ""),
        default_format=default_format,
        session_id=values.get("session_id", ""),
        session_timeout=_timeout(values.get("session_timeout", "60")),
        session_check=_is_true(values.get("session_check", "")),
        close_session=_is_true(values.get("close_session", "")),
        query_id=values.get("query_id") or headers.get("x-clickhouse-query-id") or str(uuid.uuid4()),
        compress=_is_true(values.get("compress", "")),
        decompress=_is_true(values.get("decompress", "")),
        wait_end_of_query=_is_true(values.get("wait_end_of_query", "")),
        content_type=headers.get("content-type", ""),
        content_encoding=headers.get("content-encoding", "").strip().lower(),
        accept_encoding=headers.get("accept-encoding", "").lower(),
        content_length=int(length) if (length := headers.get("content-length", "")).isdecimal() else None,
    )


def _timeout(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= _LONGEST_SESSION:
        raise ClickHouseError(
            374,
            "INVALID_SESSION_TIMEOUT",
            f"Invalid session timeout: '{value}'. It is 1 to {_LONGEST_SESSION} seconds.",
        )
    return int(value)


def _credentials(values: Mapping[str, str], headers: Mapping[str, str]) -> tuple[str | None, str]:
    """User and password, from the one place of three that the client used."""
    given_in_headers = "x-clickhouse-user" in headers or "x-clickhouse-key" in headers
    authorization = headers.get("authorization", "")
    given_in_url = "user" in values or "password" in values
    if given_in_headers and (authorization or given_in_url):
        raise _mixed("X-ClickHouse-User and X-ClickHouse-Key headers")
    if authorization and given_in_url:
        raise _mixed("the Authorization header")
    if given_in_headers:
        return unquote(headers.get("x-clickhouse-user", "")) or None, unquote(headers.get("x-clickhouse-key", ""))
    if authorization:
        return _basic(authorization)
    return values.get("user") or None, values.get("password", "")


def _mixed(where: str) -> ClickHouseError:
    text = f"Invalid authentication: it is not allowed to use {where} together with another way to log in."
    return ClickHouseError(516, "AUTHENTICATION_FAILED", text)


def _basic(header: str) -> tuple[str | None, str]:
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise ClickHouseError(
            516,
            "AUTHENTICATION_FAILED",
            f"Invalid authentication: '{scheme}' HTTP Authorization scheme is not supported.",
        )
    try:
        plain = base64.b64decode(encoded.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        raise ClickHouseError(
            516,
            "AUTHENTICATION_FAILED",
            "Invalid authentication: the Authorization header is not valid Base64.",
        ) from None
    user, _, password = plain.partition(":")
    return user or None, password
