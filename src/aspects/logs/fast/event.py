"""One event of the log, and what may be taken from it without doubt.

Whatever is missing or of another type than Open edX writes raises Doubt: the library has the word then.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

import orjson

from aspects.xapi.vocabulary import Activity

_LARGEST: Final = 10**15
"""Larger numbers are written in several ways."""


class Doubt(Exception):  # noqa: N818  # it says what is the matter
    """It is not certain what the library would say."""


def quoted(text: str) -> str:
    """A text as JSON."""
    return orjson.dumps(text).decode()


class Course:
    """A course as statements name it; `key` is in the form `course-v1:…`."""

    def __init__(self, lms_url: str, key: str, name: str) -> None:
        self.key = key
        self._iri = quoted(f"{lms_url}/course/{key}")
        self._name = quoted(name)
        self.as_parent = (
            f'{{"id":{self._iri},"objectType":"Activity",'
            f'"definition":{{"name":{{"en-US":{self._name}}},"type":"{Activity.COURSE}"}}}}'
        )
        self.target = self.with_extensions("")

    def with_extensions(self, extensions: str) -> str:
        """The course as an object; `extensions` begins with a comma."""
        return (
            f'{{"id":{self._iri},"objectType":"Activity",'
            f'"definition":{{"name":{{"en":{self._name}}},"type":"{Activity.COURSE}"{extensions}}}}}'
        )


class Event(NamedTuple):
    """A line of the log: all of it, its own part (`event`, read if it is a text of JSON), its context, its course."""

    lms_url: str
    name: str
    whole: dict[str, Any]
    data: Any
    context: dict[str, Any]
    course: Course

    def xblock(self, block: str) -> str:
        """A block's address, as JSON."""
        return quoted(f"{self.lms_url}/xblock/{block}")

    def found(self, name: str) -> Any:
        """The first field of this name at any depth: where the library looks for some."""
        return first_named(self.whole, name)

    def agreed(self, name: str) -> Any:
        """A field of the event's own part that is also the first of its name."""
        value = self.data.get(name)
        if value != self.found(name):
            raise Doubt
        return value


def first_named(value: dict[str, Any], name: str) -> Any:
    """The first field of this name: an object's own come before those of the objects inside it."""
    if name in value:
        return value[name]
    for inner in value.values():
        if type(inner) is dict:
            found = first_named(inner, name)
            if found is not None:
                return found
    return None


def text(value: object) -> str:
    """A text that is not empty."""
    if type(value) is str and value:
        return value
    raise Doubt


def number(value: object) -> float | int:
    """A finite number of a size that people use."""
    if type(value) in (int, float) and -_LARGEST < value < _LARGEST:  # type: ignore[operator]  # it is a number
        return value  # type: ignore[return-value]  # it is a number
    raise Doubt


def count(value: object) -> int:
    """A whole number from 1."""
    if type(value) is int and 0 < value < _LARGEST:
        return value
    raise Doubt


def truth(value: object) -> str:
    """A boolean as JSON."""
    if type(value) is bool:
        return "true" if value else "false"
    raise Doubt


def as_json(value: float) -> str:
    """A number as JSON, as Python writes it."""
    return repr(value)


def seconds(value: object) -> str:
    """Seconds as statements have them: a fraction to three digits."""
    return repr(float(f"{float(number(value)):.3f}"))


def score(earned: object, possible: object) -> tuple[str, bool]:
    """The score, and whether it is full."""
    earned, possible = number(earned), number(possible)
    if not 0 <= earned <= possible or not possible:
        raise Doubt
    scaled = as_json(float(earned / possible))
    points = f'"raw":{as_json(float(earned))},"min":0.0,"max":{as_json(float(possible))}'
    return f'"score":{{"scaled":{scaled},{points}}}', earned >= possible


@lru_cache(maxsize=4096)
def shown_block(referer: str) -> str:
    """The block that a page's address names; empty when it names none. Raises Doubt for an odd address."""
    if not referer.isascii() or not referer.startswith(("http://", "https://")) or "[" in referer:
        raise Doubt
    return parse_qs(urlsplit(referer).query).get("activate_block_id", [""])[0]
