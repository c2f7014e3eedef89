"""What ClickHouse has of an LMS, to leave alone what has not changed and to see that what was sent is there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import requests
from django.conf import settings

Row = dict[str, Any]
OF_THE_DUMP = ("dump_id", "time_last_dumped")
AT_ONCE = 5_000


def ask(query: str) -> Iterator[list[Any]]:
    """The rows of a query, as the user of the sinks."""
    config = settings.EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            config["url"],
            data=f"{query} format JSONCompactEachRow".encode(),
            auth=(config["username"], config["password"]),
            params={"database": config["database"], "max_query_size": "10000000"},
            timeout=config["timeout_secs"],
        )
    if answer.status_code != 200:
        raise requests.HTTPError(answer.text.strip()[:500], response=answer)
    for line in answer.text.splitlines():
        yield json.loads(line)


def stored_rows(table: str, key: str, values: Iterable[Any], columns: Sequence[str]) -> dict[str, Row]:
    """The newest row for each of these values of the key."""
    wanted = sorted({str(value) for value in values})
    found: dict[str, Row] = {}
    shown = ", ".join(f"toString(ifNull(toString(`{name}`), ''))" for name in columns)
    for start in range(0, len(wanted), AT_ONCE):
        listed = ", ".join(literal(value) for value in wanted[start : start + AT_ONCE])
        rows = ask(
            f"select toString({key}), {shown} from {table} where toString({key}) in ({listed})"
            f" order by time_last_dumped desc limit 1 by {key}"
        )
        found |= {row[0]: dict(zip(columns, row[1:], strict=True)) for row in rows}
    return found


def stored_blocks(course_key: str, columns: Sequence[str]) -> list[Row]:
    """The blocks of the newest dump of a course, in their order."""
    of_course = f"course_key = {literal(course_key)}"
    shown = ", ".join(f"toString(`{name}`)" for name in columns)
    rows = ask(
        f"select {shown} from course_blocks where {of_course} and dump_id ="
        f" (select argMax(dump_id, time_last_dumped) from course_blocks where {of_course})"
        " order by `order`, location limit 1 by location"
    )
    return [dict(zip(columns, row, strict=True)) for row in rows]


def literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def as_text(row: Mapping[str, Any], left_out: Sequence[str] = ()) -> Row:
    """A row as ClickHouse shows it, without the columns that every dump sets anew."""
    return {name: _text(value) for name, value in row.items() if name not in (*OF_THE_DUMP, *left_out)}


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)
