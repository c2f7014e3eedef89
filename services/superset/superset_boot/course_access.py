"""Which courses a person may see, and the SQL that limits rows to them. No Superset here.

Where the answer comes from is a `CourseAccess`: a file (`FileSource`) or the LMS (`lms.LmsSource`). Whatever goes wrong
on the way, the answer is `NOTHING`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

log = logging.getLogger("aspects.access")

# What Open edX allows in a key. Nothing else gets into SQL, so that no text of a key can be more than a key.
_PART = r"[\w\-~.:]+"
COURSE_KEY = re.compile(rf"{_PART}(?:\+{_PART}|/{_PART}){{2}}(?:\+ccx@\d+)?")
ORGANIZATION = re.compile(_PART)
GUEST_CLAUSE = re.compile(rf"course_key = '({COURSE_KEY.pattern})'")
"""How a guest token names its course; the LMS's filter `course_key = '{course.id}'` makes it."""


@dataclass(frozen=True)
class Access:
    """Courses by key, organizations with all their courses, or everything."""

    courses: frozenset[str] = frozenset()
    organizations: frozenset[str] = frozenset()
    everything: bool = False

    def includes(self, course_key: str) -> bool:
        """Whether the course may be seen."""
        match = COURSE_KEY.fullmatch(course_key)
        organization = re.split(r"[+/]", course_key.rpartition(":")[2])[0]
        return bool(match) and (self.everything or course_key in self.courses or organization in self.organizations)

    def sql(self) -> str:
        """A condition on the columns `course_key` and `org`; false when nothing may be seen."""
        if self.everything:
            return "1 = 1"
        parts = [
            column + " in (" + ", ".join(f"'{name}'" for name in sorted(names)) + ")"
            for column, names in (("course_key", self.courses), ("org", self.organizations))
            if names
        ]
        return f"({' or '.join(parts)})" if parts else "1 = 0"


NOTHING = Access()
EVERYTHING = Access(everything=True)


class CourseAccess(Protocol):
    """Where it is known who may see which course."""

    def of(self, username: str) -> Access:
        """What this person may see. May raise whatever goes wrong: `access_of` turns that into nothing."""


def access_of(source: CourseAccess, username: str) -> Access:
    """What the source says, and nothing when it fails."""
    try:
        return source.of(username)
    except Exception:
        log.exception("It cannot be told which courses %r may see, so none are shown.", username)
        return NOTHING


def named(names: Iterable[Any]) -> Access:
    """Access from a list: a course key, an organization, or `*` for everything. What is none of these is left out."""
    courses, organizations, everything = set(), set(), False
    for name in names:
        text = str(name)
        if text == "*":
            everything = True
        elif COURSE_KEY.fullmatch(text):
            courses.add(text)
        elif ORGANIZATION.fullmatch(text):
            organizations.add(text)
        else:
            log.warning("%r is neither a course key nor an organization: it gives access to nothing.", text)
    return Access(frozenset(courses), frozenset(organizations), everything)


def guest_access(rules: Iterable[Mapping[str, Any]]) -> Access:
    """The courses that a guest token names for all datasets."""
    found = (GUEST_CLAUSE.fullmatch(str(rule.get("clause"))) for rule in rules if not rule.get("dataset"))
    return Access(courses=frozenset(match.group(1) for match in found if match))


class FileSource:
    """A YAML file of user names, each with a list as `named` takes it. It is read again when it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: tuple[tuple[int, int], dict[str, Access]] | None = None

    def of(self, username: str) -> Access:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return NOTHING
        stamp = (stat.st_mtime_ns, stat.st_size)
        if self._read is None or self._read[0] != stamp:
            people = yaml.safe_load(self._file.read_text(encoding="utf-8")) or {}
            self._read = (stamp, {str(user): named(names or ()) for user, names in people.items()})
        return self._read[1].get(username, NOTHING)
