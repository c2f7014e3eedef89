"""What learners do inside a small course, for the tests of the warehouse, and the course's two publishes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

PUBLISHED = ("course-v1:North+Bio+2025", "ccx-v1:North+Bio+2025+ccx@3")
"""Courses whose structure is known. Others are known from statements only."""
OUTLINES = (
    (("Cells", (("Basics", False, (("old",), ("p",), ("q",))),)), ("Genes", (("Lab", True, (("g",),)),))),
    (
        ("The cell", (("Basics", False, (("p",), ("q", "r"))), ("Quiz", True, (("g",),)))),
        ("Genes", (("Lab", False, ((), ("h",))),)),
    ),
)
"""Sections, subsections with whether they are graded, units, and the names of the problems in them: first as it
was, then as it is. Names of subsections and units are made of their numbers, so units are the same where places are."""
DUMP_COLUMNS = (
    "org", "course_key", "location", "display_name", "xblock_data_json", "order", "edited_on", "dump_id",
    "time_last_dumped",
)  # fmt: skip
Dumped = tuple[Any, ...]
"""A row of what the LMS says of a block."""


def block_id(key: str, kind: str, name: str) -> str:
    run = key.replace("course-v1:", "block-v1:").replace("ccx-v1:", "ccx-block-v1:")
    return f"{run}+type@{kind}+block@{name}"


@dataclass(frozen=True)
class Place:
    """A block and what it is in, by ids."""

    block_id: str
    kind: str
    name: str
    graded: bool
    section: int
    subsection: int
    unit: int


def places(key: str, outline: Any = OUTLINES[-1]) -> list[Place]:
    """The blocks of a course in reading order."""
    found = []
    for s, (title, subsections) in enumerate(outline, start=1):
        found.append(Place(block_id(key, "chapter", f"c{s}"), "chapter", title, False, s, 0, 0))
        for n, (name, graded, units) in enumerate(subsections, start=1):
            sequence = block_id(key, "sequential", f"s{s}{n}")
            found.append(Place(sequence, "sequential", name, graded, s, n, 0))
            for u, problems in enumerate(units, start=1):
                found.append(Place(block_id(key, "vertical", f"u{s}{n}{u}"), "vertical", "Page", graded, s, n, u))
                found += [Place(block_id(key, "problem", p), "problem", p.upper(), graded, s, n, u) for p in problems]
    return found


def dumps() -> list[Dumped]:
    """What the LMS sent of both publishes of each course."""
    rows: list[Dumped] = []
    for key in PUBLISHED:
        for number, outline in enumerate(OUTLINES, start=1):
            when = datetime(2025, 1, number, tzinfo=UTC)
            for order, place in enumerate(places(key, outline)):
                facts = {
                    "block_type": place.kind, "detached": 0, "graded": int(place.graded), "section": place.section,
                    "subsection": place.subsection, "unit": place.unit,
                }  # fmt: skip
                rows.append(
                    ("North", key, place.block_id, place.name, json.dumps(facts), order, "", UUID(int=number), when)
                )
    return rows


@st.composite
def publishes(draw: st.DrawFn) -> list[list[Dumped]]:
    """Both publishes in inserts of any size and order, with duplicates."""
    chance = draw(st.randoms(use_true_random=False))
    rows = dumps()
    order = rows + chance.sample(rows, 5)
    chance.shuffle(order)
    cuts = sorted(chance.sample(range(1, len(order)), chance.randint(0, 3)))
    return [order[start:end] for start, end in pairwise([0, *cuts, len(order)])]


def learning(draw: st.DrawFn, key: str, lms: str, course: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Something that a learner does in a course: verb, object, and what else its statement has."""
    parent = {"contextActivities": {"parent": [course]}}
    kind = draw(st.sampled_from(("step", "link", "answer", "answer", "question", "question", "help", "score")))
    if kind == "step":
        sequence = block_id(key, "sequential", draw(st.sampled_from(("s11", "s12", "s21"))))
        to = draw(st.sampled_from(("next unit", "previous unit", 1, 2, 3)))
        steps = {
            "http://id.tincanapi.com/extension/starting-position": draw(st.sampled_from((1, 2, 3))),
            "http://id.tincanapi.com/extension/ending-point": to,
        }
        navigated = "https://w3id.org/xapi/dod-isd/verbs/navigated"
        return navigated, {"id": f"{lms}/xblock/{sequence}"}, {"context": {**parent, "extensions": steps}}
    if kind == "link":
        target = block_id(key, *draw(st.sampled_from((("vertical", "u111"), ("vertical", "u221"), ("problem", "p")))))
        navigated = "https://w3id.org/xapi/dod-isd/verbs/navigated"
        return navigated, {"id": f"{lms}/courses/{key}/jump_to/{target}"}, {"context": parent}
    if kind == "help":
        problem = block_id(key, "problem", draw(st.sampled_from("pq")))
        suffix = draw(st.sampled_from(("hint/0", "hint/1", "answer")))
        asked = "http://adlnet.gov/expapi/verbs/asked"
        return asked, {"id": f"{lms}/xblock/{problem}/{suffix}"}, {"context": parent}
    if kind == "score":
        sequence = block_id(key, "sequential", draw(st.sampled_from(("s11", "s12"))))
        score = {"score": {"scaled": draw(st.sampled_from((0.0, 0.25, 1.0)))}}
        earned = "http://id.tincanapi.com/verb/earned"
        return earned, {"id": f"{lms}/xblock/{sequence}"}, {"result": score, "context": parent}
    return _answer(draw, kind, key, lms, course)


def _answer(
    draw: st.DrawFn, kind: str, key: str, lms: str, course: dict[str, Any]
) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A checked answer: to a problem of one question, to one question of several, or how those went as a whole."""
    context: dict[str, Any] = {"contextActivities": {"parent": [course]}}
    result: dict[str, Any] = {"success": draw(st.booleans()), "response": draw(st.sampled_from("abc"))}
    problem = block_id(key, "problem", "q" if kind == "question" else draw(st.sampled_from(("p", "g", "old"))))
    iri = f"{lms}/xblock/{problem}"
    if kind == "question":
        question = draw(st.sampled_from(("", "_2_1", "_3_1")))
        if question:
            context = {"contextActivities": {"parent": [{"id": iri}], "grouping": [course]}}
        iri += question
    attempt = draw(st.sampled_from((None, 1, 2, 3)))
    extensions = {} if attempt is None else {"http://id.tincanapi.com/extension/attempt-id": attempt}
    definition = {"type": "http://adlnet.gov/expapi/activities/cmi.interaction", "extensions": extensions}
    whole = kind == "question" and iri == f"{lms}/xblock/{problem}"
    evaluated = "https://w3id.org/xapi/acrossx/verbs/evaluated"
    about = {"id": iri, "objectType": "GroupActivity" if whole else "Activity", "definition": definition}
    return evaluated, about, {"result": result, "context": context}
