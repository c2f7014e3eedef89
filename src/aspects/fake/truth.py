"""Ground truth: the value of each measure, counted while the learners are simulated.

The definitions are those of the product (docs/data.md has the list). Nothing here reads a statement or
asks the warehouse: what is expected follows from what the learners did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from aspects.errors import AspectsError
from aspects.fake import action as happened
from aspects.fake.action import Action, Check
from aspects.fake.course import DAY, Course, Scenario, day_of
from aspects.fake.statement_parts import timestamp
from aspects.fake.statements import VERB_OF
from aspects.xapi.vocabulary import Verb

ENROLLMENT: Final = frozenset({happened.ENROLLED, happened.MODE_CHANGED, happened.UNENROLLED})
GRADING: Final = frozenset({happened.COURSE_GRADED, happened.SUBSECTION_GRADED})
RESULTS: Final = frozenset({happened.PASSED_FIRST, happened.NOW_PASSED, happened.NOW_FAILED})
_OF_STANDING: Final = ENROLLMENT | RESULTS | {happened.COURSE_GRADED}
_KIND_OF_VERB: Final = {
    Verb.EVALUATED: "problem_evaluated",
    Verb.ATTEMPTED: "problem_attempted",
    Verb.ASKED: "hint",
    Verb.NAVIGATED: "navigation",
    Verb.PROGRESSED: "completion",
}


def _kind(event: str) -> str:
    if event in ENROLLMENT:
        return "enrollment"
    if event in GRADING:
        return "grade"
    if event in RESULTS:
        return "course_result"
    if event.startswith("edx.forum."):
        return "forum"
    if event.startswith("edx.special_exam."):
        return "exam"
    if event == happened.PROBLEM_COMPLETED:
        return "problem_completed"
    return _KIND_OF_VERB.get(VERB_OF[event], "video")


KIND_OF: Final = {event: _kind(event) for event in VERB_OF}
"""What the warehouse calls each event's kind."""

Key = tuple[str, ...]


@dataclass(slots=True)
class Truth:
    """Counts that can be added up over learners. Keys name a course first, where a measure has courses."""

    statements: int = 0
    last_time: int = 0
    counts: dict[str, Counter[Key]] = field(default_factory=lambda: defaultdict(Counter))
    active_courses: set[tuple[str, str]] = field(default_factory=set)
    courses: set[str] = field(default_factory=set)
    organizations: set[str] = field(default_factory=set)

    def add(self, other: Truth) -> None:
        """Take over another's counts. The learners of the two must be different ones."""
        self.statements += other.statements
        self.last_time = max(self.last_time, other.last_time)
        for measure, counter in other.counts.items():
            self.counts[measure].update(counter)
        self.active_courses |= other.active_courses
        self.courses |= other.courses
        self.organizations |= other.organizations

    def add_learner(self, actions: Sequence[Action], dropped: int = 0) -> None:
        """Count one learner's actions, in order of time; of the last one, `dropped` statements are left out."""
        events: dict[tuple[Course, int, str], int] = defaultdict(int)
        standings: dict[Course, _Standing] = defaultdict(_Standing)
        for action in actions:
            day = action.time // DAY
            events[action.course, day, action.event] += statements_of(action)
            if action.event in _OF_STANDING:
                standings[action.course].note(action, day)
        if not actions:
            return
        last = actions[-1]
        events[last.course, last.time // DAY, last.event] -= dropped
        self.last_time = max(self.last_time, last.time)
        counts = self.counts["events_by_day"]
        active: set[tuple[Course, int]] = set()
        for (course, day, event), written in events.items():
            counts[course.key, _text(day), KIND_OF[event]] += written
            self.statements += written
            if event not in ENROLLMENT and event not in GRADING:
                active.add((course, day))
        self._count_activity(active)
        for course in {course for course, _, _ in events}:
            self.courses.add(course.key)
            self.organizations.add(course.org)
        for course, standing in standings.items():
            self._count_standing(course.key, standing)

    def _count_activity(self, active: set[tuple[Course, int]]) -> None:
        for course, day in active:
            self.counts["active_learners_by_day"][course.key, _text(day)] += 1
            self.active_courses.add((course.key, _text(day)))
        for day in {day for _, day in active}:
            self.counts["active_learners_per_day"][(_text(day),)] += 1

    def _count_standing(self, course: str, standing: _Standing) -> None:
        for day, mode, change in standing.changes():
            self.counts["enrollment_changes_by_day"][course, mode, _text(day)] += change
        status, mode = standing.enrollment
        if status:
            self.counts["currently_enrolled"][(course,)] += 1
            self.counts["currently_enrolled_by_mode"][course, mode] += 1
        if standing.grade is not None:
            self.counts["grade_buckets"][course, bucket(standing.grade)] += 1
        if standing.state == "passed":
            self.counts["passing_learners"][(course,)] += 1

    def measures(self) -> dict[str, list[dict[str, object]]]:
        """Every measure as a list of objects: the key's parts by name, and the value."""
        found = {name: _rows(name, self.counts[name]) for name in MEASURES if name in _COUNTED}
        found["cumulative_enrollment_by_day"] = _rows("cumulative_enrollment_by_day", self._cumulative())
        days: Counter[Key] = Counter((day,) for _, day in self.active_courses)
        found["active_courses_per_day"] = _rows("active_courses_per_day", days)
        found["organizations"] = [{"value": len(self.organizations)}]
        found["statements"] = [{"value": self.statements}]
        found["last_event_time"] = [{"value": timestamp(self.last_time) if self.last_time else ""}]
        return {name: found[name] for name in MEASURES}

    def _cumulative(self) -> Mapping[Key, int]:
        totals: dict[Key, int] = {}
        running: Counter[Key] = Counter()
        for (course, mode, day), change in sorted(
            self.counts["enrollment_changes_by_day"].items(), key=lambda item: (item[0][0], item[0][1], item[0][2])
        ):
            running[course, mode] += change
            if change:
                totals[course, mode, day] = running[course, mode]
        return totals


@dataclass(slots=True)
class _Standing:
    """Where one learner stands in one course: enrolled and how, grade, passed or failed."""

    enrollment: tuple[bool, str] = (False, "")
    ends_of_days: dict[int, tuple[bool, str]] = field(default_factory=dict)
    grade: float | None = None
    state: str = ""

    def note(self, action: Action, day: int) -> None:
        if action.event in ENROLLMENT:
            self.enrollment = (action.event != happened.UNENROLLED, str(action.detail))
            self.ends_of_days[day] = self.enrollment
        elif action.event == happened.COURSE_GRADED:
            self.grade = action.detail.earned
            self.state = "passed" if action.detail.passed else "failed"
        elif action.event in RESULTS:
            self.state = "failed" if action.event == happened.NOW_FAILED else "passed"

    def changes(self) -> Iterable[tuple[int, str, int]]:
        """Day, mode and +1 or -1: how each day's end differs from the day's before."""
        enrolled, mode = False, ""
        for day in sorted(self.ends_of_days):
            now_enrolled, now_mode = self.ends_of_days[day]
            if (now_enrolled, now_mode if now_enrolled else "") != (enrolled, mode if enrolled else ""):
                if enrolled:
                    yield day, mode, -1
                if now_enrolled:
                    yield day, now_mode, 1
            enrolled, mode = now_enrolled, now_mode


MEASURES: Final[dict[str, tuple[str, ...]]] = {
    "currently_enrolled": ("course_key",),
    "currently_enrolled_by_mode": ("course_key", "enrollment_mode"),
    "enrollment_changes_by_day": ("course_key", "enrollment_mode", "day"),
    "cumulative_enrollment_by_day": ("course_key", "enrollment_mode", "day"),
    "active_learners_by_day": ("course_key", "day"),
    "events_by_day": ("course_key", "day", "kind"),
    "grade_buckets": ("course_key", "grade_bucket"),
    "passing_learners": ("course_key",),
    "active_learners_per_day": ("day",),
    "active_courses_per_day": ("day",),
    "organizations": (),
    "last_event_time": (),
    "statements": (),
}
"""Each measure with the names of its key's parts. A key that is not listed in the truth has the value 0."""

_COUNTED: Final = frozenset(
    {
        "currently_enrolled",
        "currently_enrolled_by_mode",
        "enrollment_changes_by_day",
        "active_learners_by_day",
        "events_by_day",
        "grade_buckets",
        "passing_learners",
        "active_learners_per_day",
    }
)


def statements_of(action: Action) -> int:
    """How many statements an action makes: a check of several questions makes one more than it has questions."""
    if isinstance(action.detail, Check) and len(action.detail.answers) > 1:
        return 1 + len(action.detail.answers)
    return 1


def bucket(grade: float) -> str:
    """The grade bucket of a course grade from 0 to 1: tens of percent, the lower end included."""
    tens = min(int(round(grade * 100, 6)) // 10, 9)
    return f"{tens * 10}-{100 if tens == 9 else tens * 10 + 9}"


@lru_cache(maxsize=4096)
def _text(day: int) -> str:
    return day_of(day * DAY).isoformat()


def _rows(measure: str, counts: Mapping[Key, int]) -> list[dict[str, object]]:
    names = MEASURES[measure]
    return [
        {**dict(zip(names, key, strict=True)), "value": value} for key, value in sorted(counts.items()) if value != 0
    ]


def save(truth: Truth, scenario: Scenario, path: Path) -> None:
    """Write the truth to a file. Raises AspectsError when that is not possible."""
    content = {
        "seed": scenario.seed,
        "end": scenario.end.isoformat(),
        "lms_url": scenario.lms_url,
        "statements": truth.statements,
        "courses": sorted(truth.courses),
        "measures": truth.measures(),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
    except OSError as error:
        raise AspectsError(
            f"The ground truth cannot be written to {path}.",
            why=str(error),
            fix="Free some space or choose another place.",
            code="data.truth_unwritable",
        ) from error


@dataclass(frozen=True, slots=True)
class Expected:
    """A truth file's content."""

    courses: list[str]
    measures: dict[str, dict[Key, Any]]


def read(path: Path) -> Expected:
    """A truth file. Raises AspectsError when it is missing or is none."""
    try:
        content = orjson.loads(path.read_bytes())
        return Expected(
            courses=[str(key) for key in content["courses"]],
            measures={
                name: {tuple(str(row[part]) for part in MEASURES[name]): row["value"] for row in rows}
                for name, rows in content["measures"].items()
                if name in MEASURES
            },
        )
    except OSError as error:
        raise AspectsError(
            f"The truth file {path} cannot be read.",
            why=str(error),
            fix="./inv data.fake writes one and prints its path; give that with --truth.",
            code="data.no_truth",
        ) from error
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise AspectsError(
            f"{path} is no truth file.",
            why=f"{type(error).__name__}: {error}",
            fix="./inv data.fake writes one and prints its path; give that with --truth.",
            code="data.bad_truth",
        ) from error
