"""Types of columns, as a reader of them sees them."""

from __future__ import annotations

import re

_GENERIC = {
    "VARCHAR": "String",
    "TEXT": "String",
    "STRING": "String",
    "CHAR": "String",
    "BIGINT": "Int64",
    "INTEGER": "Int32",
    "INT": "Int32",
    "FLOAT": "Float64",
    "DOUBLE": "Float64",
    "DOUBLE PRECISION": "Float64",
    "BOOLEAN": "Bool",
    "DATE": "Date",
    "DATETIME": "DateTime",
    "TIMESTAMP": "DateTime",
}


def plain_type(name: str) -> str:
    """A type without what a reader of it cannot see: LowCardinality, Nullable, precision and zone."""
    inner = name.strip()
    while match := re.fullmatch(r"(?:LowCardinality|Nullable|SimpleAggregateFunction)\((?:\w+, ?)?(.*)\)", inner):
        inner = match.group(1)
    inner = _GENERIC.get(inner.upper(), inner)
    inner = re.sub(r"^(DateTime)(64)?(\(.*\))?$", r"\1", inner)
    return re.sub(r"^Date32$", "Date", inner)
