"""Which statements are valid, after the xAPI specification 1.0.3 (part two, "Experience API Data").

Sections in brackets are those of that part. A statement is checked as it is read from JSON and is not changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

VOIDED = "http://adlnet.gov/expapi/verbs/voided"
IDENTIFIERS = ("mbox", "mbox_sha1sum", "openid", "account")
MOST_DEPTH = 100

Check = Callable[[Any, str], None]


class InvalidError(ValueError):
    """A statement breaks a rule: `place` is where (actor.mbox), `why` is which."""

    def __init__(self, place: str, why: str) -> None:
        super().__init__(f"{place}: {why}" if place else why)
        self.place = place
        self.why = why


def check_statement(statement: Any) -> None:
    """Raise InvalidError when this is no statement (2.2, 2.4)."""
    _shape(statement, "", _STATEMENT, required=("actor", "verb", "object"))
    verb, target = statement["verb"]["id"], statement["object"]
    if verb == VOIDED and target.get("objectType") != "StatementRef":
        raise InvalidError("object", "a statement that voids another one names it as a StatementRef")
    _context_suits_object(statement, "")
    _no_nulls(statement, "")


def check_uuid(value: Any, place: str) -> None:
    """A UUID in its usual form (RFC 4122)."""
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise InvalidError(place, "must be a UUID")


def read_time(value: Any, place: str) -> datetime:
    """A moment after ISO 8601 (4.5). Raises InvalidError."""
    if not isinstance(value, str) or not _TIME.match(value) or _NEGATIVE_ZERO.search(value):
        raise InvalidError(place, "must be a time after ISO 8601, such as 2025-02-27T10:00:00Z")
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise InvalidError(place, "is no time that exists") from None


def check_agent(value: Any, place: str) -> None:
    """An Agent (2.4.2.1)."""
    _shape(value, place, _AGENT)
    _constant(value, place, "Agent")
    _identified_once(value, place)


def check_actor(value: Any, place: str) -> None:
    """An Agent or a Group (2.4.2)."""
    if not isinstance(value, dict) or value.get("objectType", "Agent") != "Group":
        check_agent(value, place)
        return
    _shape(value, place, _GROUP)
    if any(name in value for name in IDENTIFIERS):
        _identified_once(value, place)
    elif not value.get("member"):
        raise InvalidError(place, "a group without an identifier must name its members")


_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_TIME = re.compile(r"\d{4}-?(\d\d|W\d\d|\d{3})")
_NEGATIVE_ZERO = re.compile(r"T.*-00(:?00)?$")
_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]+")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_SHA2 = re.compile(r"[0-9a-fA-F]{56}|[0-9a-fA-F]{64}|[0-9a-fA-F]{96}|[0-9a-fA-F]{128}")
_MAILTO = re.compile(r"mailto:[^\s@]+@[^\s@]+", re.IGNORECASE)
_VERSION = re.compile(r"1\.0(\.\d+)?")
_LANGUAGE = re.compile(
    r"(?:(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*(?:-[a-wyz0-9](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]{2,8})",
    re.IGNORECASE,
)
_DURATION = re.compile(
    r"P(?:\d+(?:[.,]\d+)?W|(?=[\dT])(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=\d)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?)"
)


def _shape(value: Any, place: str, parts: Mapping[str, Check], required: tuple[str, ...] = ()) -> None:
    """An object that has these parts and no others."""
    if not isinstance(value, dict):
        raise InvalidError(place, "must be an object")
    for name in required:
        if name not in value:
            raise InvalidError(_join(place, name), "is missing")
    for name, part in value.items():
        check = parts.get(name)
        if check is None:
            raise InvalidError(_join(place, name), "is no property that the specification knows here")
        check(part, _join(place, name))


def _join(place: str, name: str | int) -> str:
    return f"{place}.{name}" if place else str(name)


def _constant(value: Mapping[str, Any], place: str, expected: str) -> None:
    if value.get("objectType", expected) != expected:
        raise InvalidError(_join(place, "objectType"), f"must be {expected}")


def _identified_once(value: Mapping[str, Any], place: str) -> None:
    if sum(name in value for name in IDENTIFIERS) != 1:
        raise InvalidError(place, f"must have exactly one of {', '.join(IDENTIFIERS)}")


def _text(value: Any, place: str) -> None:
    if not isinstance(value, str):
        raise InvalidError(place, "must be a text")


def _truth(value: Any, place: str) -> None:
    if not isinstance(value, bool):
        raise InvalidError(place, "must be true or false")


def _number(value: Any, place: str) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise InvalidError(place, "must be a number")


def _matching(pattern: re.Pattern[str], what: str) -> Check:
    @lru_cache(maxsize=4096)
    def matches(value: str) -> bool:
        return pattern.fullmatch(value) is not None

    def check(value: Any, place: str) -> None:
        if not isinstance(value, str) or not matches(value):
            raise InvalidError(place, f"must be {what}")

    return check


def _list_of(check: Check) -> Check:
    def check_all(value: Any, place: str) -> None:
        if not isinstance(value, list):
            raise InvalidError(place, "must be a list")
        for number, each in enumerate(value):
            check(each, _join(place, number))

    return check_all


def _map_of(key: Check, part: Check | None) -> Check:
    def check(value: Any, place: str) -> None:
        if not isinstance(value, dict):
            raise InvalidError(place, "must be an object")
        for name, each in value.items():
            key(name, _join(place, name))
            if part is not None:
                part(each, _join(place, name))

    return check


def _one_of(*values: str) -> Check:
    def check(value: Any, place: str) -> None:
        if value not in values:
            raise InvalidError(place, f"must be one of {', '.join(values)}")

    return check


def _time(value: Any, place: str) -> None:
    read_time(value, place)


def _object_with(parts: Mapping[str, Check], required: tuple[str, ...] = ()) -> Check:
    return lambda value, place: _shape(value, place, parts, required)


def _openid(value: Any, place: str) -> None:
    _iri(value, place)
    if not urlsplit(value).netloc:
        raise InvalidError(place, "must be an address")


_iri = _matching(_IRI, "an IRI with its scheme, such as https://example.org/verbs/read")
_language_map = _map_of(_matching(_LANGUAGE, "a language tag after RFC 5646"), _text)
_extensions = _map_of(_iri, None)

_AGENT: dict[str, Check] = {
    "objectType": _text,
    "name": _text,
    "mbox": _matching(_MAILTO, "a mailto address"),
    "mbox_sha1sum": _matching(_SHA1, "a SHA-1 sum in hexadecimal"),
    "openid": _openid,
    "account": _object_with({"homePage": _openid, "name": _text}, required=("homePage", "name")),
}
_GROUP: dict[str, Check] = {**_AGENT, "member": _list_of(check_agent)}
_REFERENCE: dict[str, Check] = {"objectType": _one_of("StatementRef"), "id": check_uuid}
_COMPONENTS = {
    "choices": ("choice", "sequencing"),
    "scale": ("likert",),
    "source": ("matching",),
    "target": ("matching",),
    "steps": ("performance",),
}
_COMPONENT = _object_with({"id": _text, "description": _language_map}, required=("id",))


def _components(value: Any, place: str) -> None:
    _list_of(_COMPONENT)(value, place)
    ids = [each["id"] for each in value]
    if len(set(ids)) != len(ids):
        raise InvalidError(place, "has two components with one id")


_DEFINITION: dict[str, Check] = {
    "name": _language_map,
    "description": _language_map,
    "type": _iri,
    "moreInfo": _iri,
    "interactionType": _one_of(
        "true-false",
        "choice",
        "fill-in",
        "long-fill-in",
        "matching",
        "performance",
        "sequencing",
        "likert",
        "numeric",
        "other",
    ),
    "correctResponsesPattern": _list_of(_text),
    **dict.fromkeys(_COMPONENTS, _components),
    "extensions": _extensions,
}


def _definition(value: Any, place: str) -> None:
    _shape(value, place, _DEFINITION)
    interaction = value.get("interactionType")
    if interaction is None and "correctResponsesPattern" in value:
        raise InvalidError(_join(place, "interactionType"), "is missing")
    for name, kinds in _COMPONENTS.items():
        if name in value and interaction not in kinds:
            raise InvalidError(_join(place, name), f"belongs to interactions of type {' or '.join(kinds)}")


ACTIVITIES = ("Activity", "GroupActivity")
"""What an Activity says it is. The second is Open edX's word for a problem with several questions; the specification
does not know it, and without it an LRS would refuse what learners do."""
_ACTIVITY: dict[str, Check] = {"objectType": _one_of(*ACTIVITIES), "id": _iri, "definition": _definition}
_activity = _object_with(_ACTIVITY, required=("id",))
# Open edX names the attempt at an exam by a bare number, in the context alone, and an LRS must not lose its exams.
_activity_of_context = _object_with({**_ACTIVITY, "id": _text}, required=("id",))


def _object(value: Any, place: str) -> None:
    """What a statement is about (2.4.4)."""
    kind = value.get("objectType", "Activity") if isinstance(value, dict) else ""
    if kind in ("Agent", "Group"):
        check_actor(value, place)
    elif kind == "StatementRef":
        _shape(value, place, _REFERENCE, required=("objectType", "id"))
    elif kind == "SubStatement":
        if isinstance(value.get("object"), dict) and value["object"].get("objectType") == "SubStatement":
            raise InvalidError(_join(place, "object"), "a SubStatement holds no other one")
        _shape(value, place, _SUB_STATEMENT, required=("actor", "verb", "object"))
        _context_suits_object(value, place)
    else:
        _activity(value, place)


def _context_suits_object(statement: Mapping[str, Any], place: str) -> None:
    if statement["object"].get("objectType", "Activity") in ACTIVITIES:
        return
    for name in ("revision", "platform"):
        if name in statement.get("context", {}):
            raise InvalidError(_join(place, f"context.{name}"), "is for statements about an Activity")


def _activities(value: Any, place: str) -> None:
    """One Activity or a list of them: versions before 1.0.0 had one (2.4.6.2)."""
    if isinstance(value, list):
        _list_of(_activity_of_context)(value, place)
    else:
        _activity_of_context(value, place)


def _team(value: Any, place: str) -> None:
    check_actor(value, place)
    if value.get("objectType") != "Group":
        raise InvalidError(place, "must be a Group")


def _scaled(value: Any, place: str) -> None:
    _number(value, place)
    if not -1 <= value <= 1:
        raise InvalidError(place, "must be between -1 and 1")


def _score(value: Any, place: str) -> None:
    _shape(value, place, {"scaled": _scaled, "raw": _number, "min": _number, "max": _number})
    low, high = value.get("min", float("-inf")), value.get("max", float("inf"))
    if not low < high:
        raise InvalidError(place, "min must be less than max")
    if "raw" in value and not low <= value["raw"] <= high:
        raise InvalidError(_join(place, "raw"), "must lie between min and max")


def _authority(value: Any, place: str) -> None:
    check_actor(value, place)
    if value.get("objectType") == "Group" and (
        any(name in value for name in IDENTIFIERS) or len(value.get("member", ())) != 2
    ):
        raise InvalidError(place, "a group of authority has two members and no identifier")


def _length(value: Any, place: str) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidError(place, "must be a number of bytes")


_RESULT: dict[str, Check] = {
    "score": _score,
    "success": _truth,
    "completion": _truth,
    "response": _text,
    "duration": _matching(_DURATION, "a duration after ISO 8601, such as PT1H30M"),
    "extensions": _extensions,
}
_CONTEXT: dict[str, Check] = {
    "registration": check_uuid,
    "instructor": check_actor,
    "team": _team,
    "contextActivities": _object_with(dict.fromkeys(("parent", "grouping", "category", "other"), _activities)),
    "revision": _text,
    "platform": _text,
    "language": _matching(_LANGUAGE, "a language tag after RFC 5646"),
    "statement": _object_with(_REFERENCE, required=("objectType", "id")),
    "extensions": _extensions,
}
_ATTACHMENT: dict[str, Check] = {
    "usageType": _iri,
    "display": _language_map,
    "description": _language_map,
    "contentType": _text,
    "length": _length,
    "sha2": _matching(_SHA2, "a SHA-2 sum in hexadecimal"),
    "fileUrl": _iri,
}
_SUB_STATEMENT: dict[str, Check] = {
    "objectType": _one_of("SubStatement"),
    "actor": check_actor,
    "verb": _object_with({"id": _iri, "display": _language_map}, required=("id",)),
    "object": _object,
    "result": _object_with(_RESULT),
    "context": _object_with(_CONTEXT),
    "timestamp": _time,
    "attachments": _list_of(
        _object_with(_ATTACHMENT, required=("usageType", "display", "contentType", "length", "sha2"))
    ),
}
_STATEMENT: dict[str, Check] = {
    **{name: check for name, check in _SUB_STATEMENT.items() if name != "objectType"},
    "id": check_uuid,
    "stored": _time,
    "authority": _authority,
    "version": _matching(_VERSION, "1.0 or 1.0.x"),
}


def _no_nulls(value: Any, place: str, depth: int = 0, in_extensions: bool = False) -> None:
    """Nothing is null but inside extensions (4.1); nothing lies deeper than any reader goes."""
    if depth > MOST_DEPTH:
        raise InvalidError(place[:80], "is nested too deep")
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for name, part in items:
        if part is None and not in_extensions:
            raise InvalidError(_join(place, name), "must not be null")
        if isinstance(part, dict | list):
            _no_nulls(part, _join(place, name), depth + 1, in_extensions or name == "extensions")
