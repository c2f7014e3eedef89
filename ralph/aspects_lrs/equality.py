"""When two statements with one id are the same (xAPI 1.0.3, part two, 2.3.1).

An LRS may write `stored`, `authority`, `version` and `timestamp` itself, and two clients may describe one activity or
verb in other words: none of that makes another statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aspects_lrs.validation import read_time

Statement = dict[str, Any]

COMPARED = ("actor", "verb", "object", "result", "context")


def equal(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a statement that came is the one that is stored. Times count where both statements were sent with one:
    a statement without a time gets the one at which it is stored."""
    if any(_essence(one.get(name)) != _essence(other.get(name)) for name in COMPARED):
        return False
    times = [each["timestamp"] for each in (one, other) if each.get("timestamp") not in (None, each.get("stored"))]
    return len(times) < 2 or times[0] == times[1] or _moment(times[0]) == _moment(times[1])


def _moment(text: str) -> datetime:
    moment = read_time(text, "timestamp")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _essence(value: Any) -> Any:
    """A part without descriptions, and with the members of a group in any order."""
    if isinstance(value, list):
        return [_essence(each) for each in value]
    if not isinstance(value, dict):
        return value
    essence = {name: _essence(part) for name, part in value.items() if name not in ("display", "definition")}
    if "member" in essence:
        essence["member"] = sorted(essence["member"], key=repr)
    if isinstance(essence.get("id"), str) and essence.get("objectType") == "Activity":
        del essence["objectType"]
    return essence
