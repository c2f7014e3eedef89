"""What the warehouse's tables must show for some statements, in plain Python after docs/warehouse.md.

It reads statements one by one in the order of their history and knows nothing of SQL.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from tests.integration.expected_learning import block_of, course_of, learning_tables, summaries
from tests.integration.learning import PUBLISHED, places
from tests.integration.statements import Row

Table = list[tuple[Any, ...]]


def tables_for(rows: list[Row]) -> dict[str, Table]:
    """Each table's rows, sorted, without the columns that only repeat a course's key."""
    valid = {row[0]: json.loads(row[2]) for row in rows if _is_valid(row[2])}
    history = sorted(valid.values(), key=lambda said: (datetime.fromisoformat(said["timestamp"]), said["id"]))
    enrollments, grades = _enrollments(history), _grades(history)
    return {
        **learning_tables(history, {key: places(key) for key in PUBLISHED}),
        **summaries(history, enrollments, grades, datetime.now(UTC)),
        "enrollments": enrollments,
        "enrollment_changes_by_day": _enrollment_changes(history),
        "enrollment_events_by_day": _enrollment_events(history),
        "active_learners_by_day": sorted(
            {(course_of(said), _day(said), _actor(said)) for said in history if _is_active(said)}
        ),
        "events_by_day": sorted(
            (*key, count)
            for key, count in Counter((course_of(said), _day(said), _kind(said)) for said in history).items()
        ),
        "course_grades": grades,
        "refused_statements": sorted({(str(row[0]), row[2]) for row in rows if not _is_valid(row[2])}),
    }


def _enrollments(history: list[dict[str, Any]]) -> Table:
    latest: dict[tuple[str, str], tuple[str, str]] = {}
    since: dict[tuple[str, str], datetime] = {}
    for said in history:
        if _kind(said) != "enrollment":
            continue
        learner = (course_of(said), _actor(said))
        enrolled = _verb(said) == "registered"
        latest[learner] = ("registered" if enrolled else "unregistered", _mode(said))
        if enrolled:
            since[learner] = datetime.fromisoformat(said["timestamp"])
    return sorted(((*key, *standing, since.get(key)) for key, standing in latest.items()), key=str)


def _enrollment_changes(history: list[dict[str, Any]]) -> Table:
    """The difference between how many are enrolled at the end of each day and at the end of the day before."""
    days = sorted({_day(said) for said in history if _kind(said) == "enrollment"})
    before: Counter[tuple[str, str]] = Counter()
    changes: Table = []
    for day in days:
        standing = _enrollments([said for said in history if _day(said) <= day])
        now = Counter((key, mode) for key, _, status, mode, _ in standing if status == "registered")
        for course, mode in before.keys() | now.keys():
            if change := now[course, mode] - before[course, mode]:
                changes.append((course, mode, day, change))
        before = now
    return sorted(changes)


def _enrollment_events(history: list[dict[str, Any]]) -> Table:
    counted = Counter(
        (course_of(said), _day(said), _verb(said), _mode(said)) for said in history if _kind(said) == "enrollment"
    )
    return [(*key, count) for key, count in counted.items()]


def _grades(history: list[dict[str, Any]]) -> Table:
    percent: dict[tuple[str, str], float] = {}
    state: dict[tuple[str, str], str] = {}
    for said in history:
        learner = (course_of(said), _actor(said))
        if _kind(said) == "grade" and not block_of(said)[0]:
            percent[learner] = 100 * said["result"]["score"]["scaled"]
            (classification,) = said["result"]["extensions"].values()
            state[learner] = {"Pass": "passed", "Fail": "failed"}[classification]
        if _kind(said) == "course_result":
            state[learner] = _verb(said)
    return sorted(
        (*key, None if key not in percent else round(percent[key], 9), word, _bucket(percent.get(key)))
        for key, word in state.items()
    )


def _bucket(percent: float | None) -> str:
    if percent is None:
        return ""
    low = min(90, 10 * math.floor(percent / 10))
    return "90-100" if low == 90 else f"{low}-{low + 9}"


def _is_valid(text: str) -> bool:
    try:
        return bool(json.loads(text)["verb"]["id"])
    except (ValueError, TypeError, KeyError):
        return False


def _is_active(said: dict[str, Any]) -> bool:
    return _kind(said) not in ("enrollment", "grade")


def _kind(said: dict[str, Any]) -> str:
    kinds = {"enrollment": ("registered", "unregistered"), "course_result": ("passed", "failed")}
    kinds |= {"grade": ("earned",), "navigation": ("navigated",), "hint": ("asked",)}
    kinds |= {"problem_evaluated": ("evaluated",)}
    return next((kind for kind, verbs in kinds.items() if _verb(said) in verbs), "other")


def _verb(said: dict[str, Any]) -> str:
    return str(said["verb"]["id"]).rsplit("/", 1)[1]


def _mode(said: dict[str, Any]) -> str:
    (mode,) = said["object"]["definition"]["extensions"].values()
    return str(mode)


def _actor(said: dict[str, Any]) -> str:
    return str(said["actor"]["account"]["name"])


def _day(said: dict[str, Any]) -> Any:
    return datetime.fromisoformat(said["timestamp"]).date()
