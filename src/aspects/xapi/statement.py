"""Whether a line is a valid xAPI statement, and the three things that the raw table keeps of it.

Checked is what the warehouse relies on, after the xAPI 1.0.3 specification, part two (Data): an id, an
actor who can be told from others, a verb, an object and a point in time. The rest of a statement is not
judged: Open edX's own statements have object types (`GroupActivity`) that the letter of the
specification does not know, and a statement with an unknown verb is still one that happened.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

MAX_BYTES: Final = 1_000_000
"""Longest statement that is taken, in bytes."""

_UUID = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}").fullmatch
_IRI = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>\"{}|\\^`]+").fullmatch
_MBOX = re.compile(r"mailto:[^@\s]+@[^@\s]+").fullmatch
_SHA1 = re.compile(r"[0-9a-fA-F]{40}").fullmatch
_TIME = re.compile(
    r"\d{4}-?\d\d-?\d\d[T ]\d\d(?::?\d\d(?::?\d\d(?:[.,]\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII
).fullmatch
_NEGATIVE_ZERO: Final = frozenset({"-00", "-0000", "-00:00"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = datetime(1900, 1, 1, tzinfo=UTC)
_LAST = datetime(2299, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
_IDENTIFIERS: Final = ("mbox", "mbox_sha1sum", "openid", "account")
_OBJECT_TYPES: Final = frozenset({"Activity", "GroupActivity", "Agent", "Group", "StatementRef", "SubStatement"})

REASONS: Final[dict[str, str]] = {
    "size": f"The statement is longer than {MAX_BYTES:,} bytes.",
    "encoding": "The line is not UTF-8.",
    "json": "The line is not JSON.",
    "shape": "The line is JSON, but not an object.",
    "id.missing": "There is no id.",
    "id.invalid": "The id is not a UUID.",
    "actor.missing": "There is no actor.",
    "actor.invalid": "The actor has no valid mbox, mbox_sha1sum, openid or account.",
    "actor.ambiguous": "The actor has more than one of mbox, mbox_sha1sum, openid and account.",
    "verb.missing": "There is no verb.",
    "verb.invalid": "The verb's id is not an IRI.",
    "object.missing": "There is no object.",
    "object.invalid": "The object has no usable id.",
    "timestamp.missing": "There is no timestamp.",
    "timestamp.invalid": "The timestamp is not an ISO 8601 date and time.",
    "timestamp.zone": "The timestamp has no time zone.",
    "timestamp.range": "The timestamp is not between the years 1900 and 2299.",
}
"""Why a statement is refused: a stable code and a sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A valid statement as the raw table keeps it.

    `event_id` is the UUID as a 128-bit number, `emission_time` microseconds since 1970 UTC, `text` the
    JSON as it came.
    """

    event_id: int
    emission_time: int
    text: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line is no valid statement: a key of REASONS, and what was found."""

    reason: str
    detail: str = ""

    @property
    def message(self) -> str:
        """The reason as a sentence, with what was found."""
        return f"{REASONS[self.reason]} {self.detail}".rstrip()


def check(line: bytes) -> Statement | Refusal:
    """Judge one line: a statement's JSON with nothing but white space around it. Never raises."""
    text = line.strip()
    if len(text) > MAX_BYTES:
        return Refusal("size", f"It has {len(text):,}.")
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return _not_json(text, error)
    if type(value) is not dict:
        return Refusal("shape", f"It is {_kind(value)}.")
    return _check_object(value, text)


def _not_json(text: bytes, error: orjson.JSONDecodeError) -> Refusal:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return Refusal("encoding", f"Byte {wrong.start + 1} is wrong.")
    return Refusal("json", str(error))


def _check_object(value: dict[str, Any], text: bytes) -> Statement | Refusal:
    """Data 2.2 (actor, verb and object are required), 2.4.1 and 4.4 (id), 2.4.7 and 4.5 (timestamp)."""
    identifier = value.get("id")
    if identifier is None:
        return Refusal("id.missing")
    if type(identifier) is not str or not _UUID(identifier):
        return Refusal("id.invalid", _found(identifier))
    refusal = _check_actor(value.get("actor")) or _check_verb(value.get("verb")) or _check_target(value.get("object"))
    if refusal:
        return refusal
    emission_time = _microseconds(value.get("timestamp"))
    if isinstance(emission_time, Refusal):
        return emission_time
    return Statement(int(identifier.replace("-", ""), 16), emission_time, text)


def _check_actor(actor: object) -> Refusal | None:
    """Data 2.4.2: an Agent or identified Group has exactly one inverse functional identifier."""
    if actor is None:
        return Refusal("actor.missing")
    if type(actor) is not dict:
        return Refusal("actor.invalid", f"It is {_kind(actor)}.")
    given = [name for name in _IDENTIFIERS if name in actor]
    if len(given) > 1:
        return Refusal("actor.ambiguous", f"It has {' and '.join(given)}.")
    if not given:
        if actor.get("objectType") == "Group" and type(actor.get("member")) is list and actor["member"]:
            return None
        return Refusal("actor.invalid")
    return None if _identifies(given[0], actor[given[0]]) else Refusal("actor.invalid", f"Its {given[0]} is wrong.")


def _identifies(name: str, value: object) -> bool:
    """Data 2.4.2.3: the four kinds of inverse functional identifier."""
    if name == "account":
        if type(value) is not dict:
            return False
        home, account = value.get("homePage"), value.get("name")
        return type(home) is str and _IRI(home) is not None and type(account) is str and account != ""
    if type(value) is not str:
        return False
    pattern = {"mbox": _MBOX, "mbox_sha1sum": _SHA1, "openid": _IRI}[name]
    return pattern(value) is not None


def _check_verb(verb: object) -> Refusal | None:
    """Data 2.4.3: the verb's id is an IRI."""
    if verb is None:
        return Refusal("verb.missing")
    identifier = verb.get("id") if type(verb) is dict else verb
    if type(verb) is not dict or type(identifier) is not str or not _IRI(identifier):
        return Refusal("verb.invalid", _found(identifier))
    return None


def _check_target(target: object) -> Refusal | None:
    """Data 2.4.4: an Activity (the default) has an IRI as its id, a StatementRef a UUID."""
    if target is None:
        return Refusal("object.missing")
    if type(target) is not dict:
        return Refusal("object.invalid", f"It is {_kind(target)}.")
    kind = target.get("objectType", "Activity")
    if type(kind) is not str or kind not in _OBJECT_TYPES:
        return Refusal("object.invalid", f"Its objectType is {_found(kind)}")
    if kind in ("Agent", "Group"):
        return None if _check_actor(target) is None else Refusal("object.invalid", "It is not a valid actor.")
    if kind == "SubStatement":
        wrong = _check_actor(target.get("actor")) or _check_verb(target.get("verb"))
        return Refusal("object.invalid", f"In the SubStatement: {wrong.message}") if wrong else None
    identifier = target.get("id")
    if type(identifier) is not str or not (_UUID if kind == "StatementRef" else _IRI)(identifier):
        return Refusal("object.invalid", _found(identifier))
    return None


def _microseconds(timestamp: object) -> int | Refusal:
    """Data 4.5: ISO 8601 with a time zone; an offset of minus zero is not allowed."""
    if timestamp is None:
        return Refusal("timestamp.missing")
    match = _TIME(timestamp) if type(timestamp) is str else None
    if match is None:
        return Refusal("timestamp.invalid", _found(timestamp))
    zone = match[1]
    if zone is None:
        return Refusal("timestamp.zone", _found(timestamp))
    if zone in _NEGATIVE_ZERO:
        return Refusal("timestamp.invalid", f"An offset of minus zero is not allowed: {_found(timestamp)}")
    try:
        moment = datetime.fromisoformat(match[0])
        if not _FIRST <= moment <= _LAST:
            return Refusal("timestamp.range", _found(timestamp))
    except (ValueError, OverflowError):
        return Refusal("timestamp.invalid", _found(timestamp))
    return (moment - _EPOCH) // _MICROSECOND


def _kind(value: object) -> str:
    names: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")


def _found(value: object) -> str:
    """What stood there, short enough for a table."""
    text = orjson.dumps(value).decode() if value is not None else "nothing"
    return f"Found {text if len(text) <= 60 else text[:57] + '...'}."
