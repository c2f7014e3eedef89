"""Quoting for the few statements that the server itself puts together."""

import re

SETTING_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")


def quote_string(value: str) -> str:
    """A SQL string literal."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def quote_identifier(name: str) -> str:
    """A quoted identifier."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def to_bytes(text: str) -> bytes:
    """UTF-8, with bytes of a request that were not valid UTF-8 put back as they came."""
    return text.encode("utf-8", "surrogateescape")
