"""A course out of its export (OLX), in the shape that the sinks ask a modulestore for.

An element stands where it is used, or is named there (`<chapter url_name="a"/>`) and stands in a file of its own
(`chapter/a.xml`). Containers have blocks as children; what stands inside a problem or a video is its content.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring
from django.utils.dateparse import parse_datetime
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey
from opaque_keys.edx.locator import CourseLocator

from course_sink.errors import SourceError

CONTAINERS = {
    "course",
    "chapter",
    "sequential",
    "vertical",
    "wrapper",
    "conditional",
    "itembank",
    "library_content",
    "randomize",
    "split_test",
}
AGGREGATORS = {"course", "chapter", "sequential", "vertical", "wrapper"}
NOT_COUNTED = {"discussion", "about", "course_info", "static_tab"}
DETACHED = {"static_tab": "tabs", "about": "about", "course_info": "info"}
NO_BLOCKS = {"wiki", "textbook", "pdf_textbook", "html_textbook"}
SAFE_NAME = re.compile(r"[\w\-~.:]+")
DEEPEST = 30


@dataclass
class Block:
    """What the sinks read of a block of an LMS."""

    key: CourseLocator
    kind: str
    name: str
    display_name: str
    graded: bool = False
    children: list[Block] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.location = self.key.make_usage_key(self.kind, self.name)
        self.scope_ids = SimpleNamespace(block_type=self.kind, usage_id=self.location)
        self.display_name_with_default = self.display_name or self.name.replace("_", " ")
        self.completion_mode = (
            "aggregator" if self.kind in AGGREGATORS else "excluded" if self.kind in NOT_COUNTED else "completable"
        )

    def get_children(self) -> list[Block]:
        return self.children


@dataclass(frozen=True)
class Tagged:
    """A course or a block with a tag of a taxonomy."""

    object_id: str
    taxonomy: str
    value: str


@dataclass(frozen=True)
class Course:
    """A course: its outline, the blocks outside of it, the facts of its overview, and its tags."""

    key: CourseLocator
    outline: Block
    detached: list[Block]
    facts: Mapping[str, Any]
    tags: list[Tagged]

    @property
    def blocks(self) -> Iterator[Block]:
        """Every block, in no order that means anything."""
        waiting = [self.outline, *self.detached]
        while waiting:
            block = waiting.pop()
            yield block
            waiting += block.children


def read_course(folder: Path) -> Course:
    """Read an export. Raises SourceError, which names the file."""
    root = _parse(folder / "course.xml")
    try:
        key = CourseLocator(root.get("org"), root.get("course"), root.get("url_name"))
        CourseKey.from_string(str(key))
    except (InvalidKeyError, AssertionError, TypeError) as error:
        raise SourceError(f"course.xml names no course (org, course, url_name): {error}") from error
    run = str(root.get("url_name"))
    element = _resolved(folder, root)
    policy = _policy(folder, run)
    policy = {**policy, "course/course": policy.get(f"course/{run}", {})}
    seen: set[str] = set()
    outline = _block(folder, key, element, "course", policy, graded=False, seen=seen, depth=0)
    if not outline.children:
        raise SourceError(f"course/{run}.xml has no section")
    return Course(key, outline, list(_detached(folder, key)), _facts(folder, element, policy, run), list(_tags(folder)))


def _parse(file: Path) -> Element:
    try:
        return fromstring(file.read_bytes(), forbid_dtd=True)
    except FileNotFoundError as error:
        raise SourceError(f"{file.parent.name}/{file.name} is missing") from error
    except (ParseError, DefusedXmlException, ValueError, OSError) as error:
        raise SourceError(f"{file.parent.name}/{file.name} cannot be read: {error!r}") from error


def _resolved(folder: Path, element: Element) -> Element:
    """The element itself, or the one in the file that it names."""
    name = element.get("url_name", "")
    if len(element) or (element.text or "").strip() or set(element.attrib) - {"url_name", "org", "course", "slug"}:
        return element
    return _parse(folder / element.tag / f"{_safe(name.replace(':', '/'))}.xml")


def _safe(name: str) -> str:
    if not name or any(not SAFE_NAME.fullmatch(part) or part in (".", "..") for part in name.split("/")):
        raise SourceError(f"{name!r} is no name of a block")
    return name


def _block(
    folder: Path,
    key: CourseLocator,
    element: Element,
    name: str,
    policy: Mapping[str, Any],
    *,
    graded: bool,
    seen: set[str],
    depth: int,
) -> Block:
    """A block and those below it; what is graded makes what is in it graded."""
    kind = element.tag
    known = {**element.attrib, **policy.get(f"{kind}/{name}", {})}
    if "graded" in known:
        graded = str(known["graded"]).strip('"').lower() == "true"
    try:
        block = Block(key, kind, name, str(known.get("display_name") or "").strip('"'), graded)
    except InvalidKeyError as error:
        raise SourceError(f"{kind} {name!r} can have no id: {error}") from error
    if str(block.location) in seen:
        raise SourceError(f"{block.location} stands in the course twice")
    seen.add(str(block.location))
    if depth > DEEPEST:
        raise SourceError(f"{block.location} lies deeper than any course goes")
    for child in element if kind in CONTAINERS else ():
        if not isinstance(child.tag, str) or child.tag in NO_BLOCKS or (kind == "conditional" and child.tag == "show"):
            continue
        child_name = child.get("url_name") or child.get("slug") or ""
        if not child_name:
            raise SourceError(f"a {child.tag} in {kind} {name!r} has no url_name")
        found = _resolved(folder, child) if child.tag in CONTAINERS or _is_pointer(folder, child) else child
        block.children.append(_block(folder, key, found, child_name, policy, graded=graded, seen=seen, depth=depth + 1))
    return block


def _is_pointer(folder: Path, element: Element) -> bool:
    name = element.get("url_name", "")
    return not len(element) and (folder / element.tag / f"{_safe(name.replace(':', '/'))}.xml").is_file()


def _detached(folder: Path, key: CourseLocator) -> Iterator[Block]:
    for kind, place in DETACHED.items():
        for file in sorted((folder / place).glob("*.html")):
            yield Block(key, kind, _safe(file.stem), "")


def _policy(folder: Path, run: str) -> Mapping[str, Any]:
    for file in (folder / "policies" / run / "policy.json", folder / "policies" / f"{run}.json"):
        if file.is_file():
            return _json(file)
    return {}


def _json(file: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{file.name} is no JSON: {error}") from error
    if not isinstance(found, dict) or not all(isinstance(each, dict | list) for each in found.values()):
        raise SourceError(f"{file.name} holds no settings of blocks")
    return found


def _facts(folder: Path, element: Element, policy: Mapping[str, Any], run: str) -> dict[str, Any]:
    """The fields of a CourseOverview."""
    known = {**element.attrib, **policy.get(f"course/{run}", {})}
    text = {name: str(known.get(name) or "").strip('"') for name in known}
    changed = datetime.fromtimestamp(int((folder / "course.xml").stat().st_mtime), UTC)
    return {
        "display_name": text.get("display_name", ""),
        "self_paced": text.get("self_paced", "").lower() == "true",
        **{name: _moment(text.get(name, ""), name) for name in ("start", "end", "enrollment_start", "enrollment_end")},
        **{name: text.get(name, "") for name in ("advertised_start", "announcement", "effort", "language")},
        **{
            name: text.get(name, "").lower() == "true"
            for name in ("invitation_only", "enable_proctored_exams", "entrance_exam_enabled")
        },
        "max_student_enrollments_allowed": int(known["max_student_enrollments_allowed"])
        if str(known.get("max_student_enrollments_allowed", "")).isdecimal()
        else None,
        "lowest_passing_grade": _lowest_passing_grade(folder, run),
        "created": changed,
        "modified": changed,
    }


def _moment(text: str, name: str) -> datetime | None:
    if not text or text == "null":
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise SourceError(f"the course's {name} is no time: {text!r}")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _lowest_passing_grade(folder: Path, run: str) -> float:
    file = folder / "policies" / run / "grading_policy.json"
    cutoffs = _json(file).get("GRADE_CUTOFFS", {}) if file.is_file() else {}
    grades = [float(grade) for grade in cutoffs.values() if isinstance(grade, int | float)]
    return min(grades, default=0.5)


def _tags(folder: Path) -> Iterator[Tagged]:
    """`tags.csv`, where the export has it: Name, Type, ID, and a column of values for each taxonomy."""
    file = folder / "tags.csv"
    if not file.is_file():
        return
    try:
        rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines(), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"tags.csv cannot be read: {error}") from error
    for row in rows:
        if not row.get("ID"):
            raise SourceError("tags.csv has a row without ID")
        for taxonomy, values in row.items():
            if taxonomy and taxonomy not in ("Name", "Type", "ID"):
                for value in filter(None, (each.strip() for each in (values or "").split(";"))):
                    yield Tagged(str(row["ID"]).strip(), taxonomy, value)
