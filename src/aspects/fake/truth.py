"""Ground truth: the value of each measure, counted while the learners are simulated.

The definitions are those of the product (docs/data.md has the list). Nothing here reads a statement or
asks the warehouse: what is expected follows from what the learners did.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from statistics import median
from typing import Any, Final

from aspects.fake import action as happened
from aspects.fake.action import Action, Check
from aspects.fake.course import DAY, Course, blocks_in_order, day_of
from aspects.fake.measures import MEASURES, Key
from aspects.fake.standing import ENROLLMENT, OF_STANDING, RESULTS, Standing, bucket
from aspects.fake.statement_parts import timestamp
from aspects.fake.statements import VERB_OF
from aspects.fake.tally import NOTED, Tally
from aspects.xapi.vocabulary import Verb

GRADING: Final = frozenset({happened.COURSE_GRADED, happened.SUBSECTION_GRADED})
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
_NOT_ACTIVE: Final = {"enrollment", "grade"}
_SEGMENTS: Final = ("video_segment_views", "video_segment_viewers")


@dataclass(slots=True)
class Truth:
    """Counts that can be added up over learners. Keys name a course first, where a measure has courses."""

    statements: int = 0
    last_time: int = 0
    counts: dict[str, Counter[Any]] = field(default_factory=lambda: defaultdict(Counter))
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

    def add_course(self, course: Course) -> None:
        """Count what a course has of itself. To be called once for each course."""
        for block in blocks_in_order(course):
            self.counts["blocks"][course.key, block.kind, int(block.graded)] += 1
        self.counts["course_tags"][course.key, "Subject", course.area] += 1
        self.counts["course_tags"][course.key, "Level", course.level] += 1

    def add_learner(self, actions: Sequence[Action], dropped: int = 0) -> None:
        """Count one learner's actions, in order of time; of the last one, `dropped` statements are left out."""
        if not actions:
            return
        *before, last = actions
        if dropped:
            # Left out are the last questions of a check of several.
            check = last.detail._replace(answers=last.detail.answers[:-dropped])
            actions = [*before, last._replace(detail=check)]
        events: dict[tuple[Course, int], list[str]] = defaultdict(list)
        standings: dict[Course, Standing] = defaultdict(Standing)
        tallies: dict[Course, Tally] = {}
        course_now, day = None, -1
        for time, event, course, block, detail, _ in actions:
            if course is not course_now or time // DAY != day:
                course_now, day = course, time // DAY
                of_day = events[course, day]
                if course not in tallies:
                    tallies[course] = Tally(course)
                tally = tallies[course]
            of_day.append(event)
            note = NOTED.get(event)
            if note is not None:
                note(tally, time, block, detail)
                if event == happened.PROBLEM_CHECKED and len(block.questions) > 1:
                    of_day.extend([event] * len(detail.answers))
            elif event in OF_STANDING:
                standings[course].note(time, event, detail, day)
        self.last_time = max(self.last_time, last.time)
        self._count_events(events)
        for course, tally in tallies.items():
            self.courses.add(course.key)
            self.organizations.add(course.org)
            tally.count(self.counts)
            self._count_standing(course.key, standings[course], tally.last_visit)

    def _count_events(self, events: Mapping[tuple[Course, int], list[str]]) -> None:
        counts = self.counts["events_by_day"]
        active_days = set()
        for (course, day), of_day in events.items():
            kinds = Counter(map(KIND_OF.__getitem__, of_day))
            key, text = course.key, _text(day)
            for kind, written in kinds.items():
                counts[key, text, kind] += written
            self.statements += len(of_day)
            if kinds.keys() - _NOT_ACTIVE:
                self.counts["active_learners_by_day"][key, text] += 1
                self.active_courses.add((key, text))
                active_days.add(day)
        for day in active_days:
            self.counts["active_learners_per_day"][(_text(day),)] += 1

    def _count_standing(self, course: str, standing: Standing, last_visit: int) -> None:
        for day, mode, change in standing.changes():
            self.counts["enrollment_changes_by_day"][course, mode, _text(day)] += change
        enrolled, mode = standing.enrollment
        grades = "" if standing.grade is None else bucket(standing.grade)
        visited = _text((last_visit or standing.enrolled_at) // DAY)
        if enrolled:
            self.counts["currently_enrolled"][(course,)] += 1
            self.counts["currently_enrolled_by_mode"][course, mode] += 1
            if standing.state != "passed":
                self.counts["at_risk_learners"][course, visited] += 1
            if standing.grade is not None:
                self.counts["grades_of_enrolled"][course, round(standing.grade * 100)] += 1
        if grades:
            self.counts["grade_buckets"][course, grades] += 1
        if standing.state == "passed":
            self.counts["passing_learners"][(course,)] += 1
        status = "registered" if enrolled else "unregistered"
        self.counts["learner_summary"][course, status, mode, standing.state, grades] += 1
        self.counts["enrollment_days"][course, _text(standing.enrolled_at // DAY)] += 1
        self.counts["last_visits"][course, visited] += 1

    def measures(self) -> dict[str, list[dict[str, object]]]:
        """Every measure as a list of objects: the key's parts by name, and the value."""
        found: dict[str, Mapping[Key, Any]] = {name: self.counts.get(name, Counter()) for name in MEASURES}
        found["cumulative_enrollment_by_day"] = self._cumulative()
        found["course_comparison"] = self._comparison()
        for name in _SEGMENTS:
            found[name] = _by_second(found[name])
        found["active_courses_per_day"] = Counter((day,) for _, day in self.active_courses)
        found["organizations"] = {(): len(self.organizations)}
        found["statements"] = {(): self.statements}
        found["last_event_time"] = {(): timestamp(self.last_time) if self.last_time else ""}
        return {name: _rows(name, values) for name, values in found.items()}

    def _cumulative(self) -> dict[Key, int]:
        totals: dict[Key, int] = {}
        running: Counter[Key] = Counter()
        for (course, mode, day), change in sorted(self.counts["enrollment_changes_by_day"].items()):
            running[course, mode] += change
            if change:
                totals[course, mode, day] = running[course, mode]
        return totals

    def _comparison(self) -> dict[Key, float]:
        found: dict[Key, float] = {}
        grades: dict[str, list[int]] = {course: [] for course in self.courses}
        for (course, percent), learners in self.counts["grades_of_enrolled"].items():
            grades[course] += [percent] * learners
        for course in self.courses:
            found[course, "enrollees"] = self.counts["currently_enrolled"][(course,)]
            found[course, "passed"] = self.counts["passing_learners"][(course,)]
            if grades[course]:
                found[course, "average_grade"] = sum(grades[course]) / len(grades[course])
                found[course, "median_grade"] = median(grades[course])
        return found


def _by_second(changes: Mapping[Key, int]) -> dict[Key, int]:
    """How many cover each second, from the changes at those where the number changes."""
    found: dict[Key, int] = {}
    video: Key = ()
    covering = since = 0
    for (*where, second), change in sorted(changes.items()):
        if video != tuple(where):
            video, covering = tuple(where), 0
        if covering:
            found |= {(*video, str(passed)): covering for passed in range(since, second)}
        covering += change
        since = second
    return found


def statements_of(action: Action) -> int:
    """How many statements an action makes: a check of several questions makes one more than it has questions."""
    if isinstance(action.detail, Check) and len(action.detail.answers) > 1:
        return 1 + len(action.detail.answers)
    return 1


@lru_cache(maxsize=4096)
def _text(day: int) -> str:
    return day_of(day * DAY).isoformat()


def _rows(measure: str, counts: Mapping[Key, Any]) -> list[dict[str, object]]:
    names = MEASURES[measure]
    return [
        {**dict(zip(names, key, strict=True)), "value": value} for key, value in sorted(counts.items()) if value != 0
    ]
