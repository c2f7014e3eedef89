"""When two statements with one id are the same (xAPI 1.0.3, part two, 2.3.1).

An LRS may write `stored`, `authority`, `version` and `timestamp` itself, and two clients may describe one activity or
verb in other words: none of that makes another statement. The rest of a definition does, though the specification would
let it differ: Open edX says there in which mode somebody enrolled, and which attempt an answer was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aspects_lrs.validation import read_time

Statement = dict[str, Any]

TEXTS = ("display", "name", "description")
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
    """A part without texts that describe it, and with the members of a group in any order."""
    if isinstance(value, list):
        return [_essence(each) for each in value]
    if not isinstance(value, dict):
        return value
    essence = {
        name: part if name == "extensions" else _essence(part)
        for name, part in value.items()
        if not _describes(name, part)
    }
    if "member" in essence:
        essence["member"] = sorted(essence["member"], key=repr)
    if isinstance(essence.get("id"), str) and essence.get("objectType") == "Activity":
        del essence["objectType"]
    return essence


def _describes(name: str, part: Any) -> bool:
    """A name of an activity is a text in several languages; that of an account is who it is."""
    return name == "moreInfo" or (name in TEXTS and isinstance(part, dict))
