"""One learner in one course: enrollment, sessions, the way through the units, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from aspects.fake import action as happened
from aspects.fake.action import Action, ExamAttempt, Post, Score, Step
from aspects.fake.chance import Chance
from aspects.fake.course import (
    DAY,
    HOUR,
    MINUTE,
    MODES,
    PASS_MARK,
    SECOND,
    WEEK,
    Block,
    Course,
    Problem,
    Scenario,
    Subsection,
    Unit,
    Video,
)
from aspects.fake.people import Learner
from aspects.fake.solve import solve
from aspects.fake.watch import watch

_WEEKDAYS: Final = (1.05, 1.1, 1.05, 1.0, 0.75, 0.6, 1.15)
"""How much more or less learners study on a day, Monday first."""
_STUDY_RATE: Final = {"absent": 0.0, "sampler": 0.3, "regular": 0.36, "committed": 0.46}
"""Odds of a session on an ordinary day."""
_GIVING_UP: Final = {"absent": 1.0, "sampler": 0.16, "regular": 0.022, "committed": 0.003}
"""Odds of giving up, a day."""
_THREAD: Final = (happened.THREAD_CREATED, happened.THREAD_EDITED, happened.THREAD_DELETED)
_RESPONSE: Final = (happened.RESPONSE_CREATED, happened.RESPONSE_EDITED, happened.RESPONSE_DELETED)
_COMMENT: Final = (happened.COMMENT_CREATED, happened.COMMENT_EDITED, happened.COMMENT_DELETED)
_TIME: Final = itemgetter(0)
_new: Final = tuple.__new__
"""Makes an Action in half the time of its own constructor."""
_FIRST_MONDAY: Final = 4 * DAY
"""1970 began on a Thursday."""


class Study:
    """What a learner does in a course, written down as actions."""

    def __init__(self, scenario: Scenario, learner: Learner, course: Course) -> None:
        self.scenario = scenario
        self.learner = learner
        self.course = course
        self.chance = Chance(scenario.key, "study", course.index, learner.index)
        self.ability = learner.ability + self.chance.normal(0.0, 0.4)
        self._postpones = self.chance.happens(0.55)
        self.actions: list[Action] = []
        self.session = ""
        self.completed: set[str] = set()
        self.video_positions: dict[str, float] = {}
        self.attempts: dict[str, int] = {}
        self.earned: dict[str, int] = {}
        self.points: dict[Subsection, int] = {}
        """What was earned in each subsection."""
        self.passed = False
        self.ever_passed = False
        self._route = [(subsection, unit) for subsection in course.subsections for unit in subsection.units]
        self._graded = [subsection for subsection in course.subsections if subsection.graded]
        self._next = 0
        self._open_exam: tuple[Subsection, ExamAttempt] | None = None
        # Who takes several courses sits down for one after the other.
        self._hour = learner.hour + 2.5 * learner.courses.index(course)

    def note(self, time: int, event: str, block: Block | None = None, detail: object = None) -> None:
        """Write an action down."""
        self.actions.append(_new(Action, (time, event, self.course, block, detail, self.session)))

    def run(self) -> list[Action]:
        """Everything from enrollment to the end, in order of time."""
        until = self.scenario.end_time
        for begin, end, mode in self._enrollments():
            if begin >= until:
                break
            self._take_part(max(begin, self.course.start), min(end, self.course.end + WEEK, until), mode)
        actions = [one for one in self.actions if one.time < until]
        actions.sort(key=_TIME)
        return actions

    def _enrollments(self) -> Iterator[tuple[int, int, str]]:
        """The spans in which the learner is enrolled: begin, end and mode."""
        chance, course = self.chance, self.course
        begin = self._enrolls_at()
        mode = chance.weighted(MODES, (0.66, 0.88, 1.0))
        leaves = self._gives_up(max(begin, course.start))
        self.session = chance.digits(32)
        self.note(begin, happened.ENROLLED, None, mode)
        if mode == "audit" and self.learner.style in ("regular", "committed") and chance.happens(0.22):
            upgrade = max(begin, course.start) + int(chance.between(3.0, 35.0) * DAY)
            if upgrade < leaves:
                mode = "verified"
                self.session = chance.digits(32)
                self.note(upgrade, happened.MODE_CHANGED, None, mode)
        away = leaves + int(chance.between(0.35, 6.0) * DAY)
        leaves_formally = leaves < course.end and chance.happens(0.2)
        yield begin, leaves, mode
        if not leaves_formally or away >= self.scenario.end_time:
            return
        self.session = chance.digits(32)
        self.note(away, happened.UNENROLLED, None, mode)
        if chance.happens(0.3):
            again = away + int(chance.between(1.0, 15.0) * DAY)
            self.session = chance.digits(32)
            self.note(again, happened.ENROLLED, None, mode)
            yield again, again + int(chance.between(5.0, 40.0) * DAY), mode

    def _enrolls_at(self) -> int:
        """Many enroll around the start of a course, the others on any day while it runs."""
        chance, course, end = self.chance, self.course, self.scenario.end_time
        if chance.happens(0.5):
            days = max(-14.0, chance.normal(-3.0, 4.0))
        else:
            days = chance.between(0.0, (min(course.end, end) - course.start) / DAY)
        hour = int((self._hour + chance.normal(0.0, 2.0)) % 24 * HOUR)
        begin = (course.start + int(days * DAY)) // DAY * DAY + hour
        return begin if begin < end else begin - DAY

    def _gives_up(self, begin: int) -> int:
        odds = _GIVING_UP[self.learner.style]
        return begin + int(self.chance.waiting(1.0 / odds) * DAY)

    def _take_part(self, begin: int, end: int, mode: str) -> None:
        """The days of a span: on some of them there is a session, on a few there are two."""
        chance = self.chance
        rate = _STUDY_RATE[self.learner.style] * (1.15 if mode == "verified" else 1.0)
        after = begin
        for day in range(begin // DAY * DAY, end, DAY):
            weekday = (day - _FIRST_MONDAY) // DAY % 7
            odds = rate * _WEEKDAYS[weekday] * self._urgency(day)
            if self._next >= len(self._route):
                odds *= 0.4
            while chance.random() < odds:
                start = day + int((self._hour + chance.normal(0.0, 1.1)) * HOUR)
                if start > after and start < end:
                    after = self._sit_down(start) + 30 * MINUTE
                odds *= 0.12

    def _urgency(self, day: int) -> float:
        """Learners come in the two days before something is due that they have not done, and many hardly before."""
        for subsection in self._graded:
            if 0 <= subsection.due - day <= 2 * DAY and not self._done(subsection):
                return 6.0 if self._postpones else 3.0
        return 0.45 if self._postpones else 1.0

    def _done(self, subsection: Subsection) -> bool:
        return subsection.units[-1].block_id in self.completed

    def _sit_down(self, time: int) -> int:
        """A session of some minutes; returns when it ends."""
        chance = self.chance
        self.session = chance.digits(32)
        end = time + int((2.0 + min(chance.waiting(11.0), 100.0)) * MINUTE)
        if self._next and chance.happens(0.4):
            _, unit = self._route[chance.whole(0, self._next - 1)]
            time = self._look_again(time, unit)
        while time < end and self._next < len(self._route):
            subsection, unit = self._route[self._next]
            if subsection.release > time:
                break
            time = self._begin(time, subsection, unit)
            time = self._work_through(time, subsection, unit)
            self._next += 1
        if self.passed and chance.happens(0.15):
            self._rescore(time)
        if chance.happens(0.12):
            time = self._talk(time)
        return time

    def _rescore(self, time: int) -> None:
        """Course staff correct an answer key, and points are lost by it."""
        subsection = self.chance.pick([one for one in self._graded if self.points.get(one)])
        problem = self.chance.pick([one for one in subsection.problems if self.earned.get(one.block_id)])
        self.earn(problem, subsection, 0)
        self.note(time - 400_000, happened.PROBLEM_SUBMITTED, problem, Score(0, problem.points))
        self.grade(time - 300_000, subsection)

    def _look_again(self, time: int, unit: Unit) -> int:
        """Go back to a page that was seen before, from the outline or tab by tab."""
        chance = self.chance
        subsection = next(one for one, other in self._route if other is unit)
        total = len(subsection.units)
        if total > 1 and chance.happens(0.5):
            here = chance.whole(1, total)
            if here > 1 and chance.happens(0.5):
                self.note(time, happened.PREVIOUS, subsection, Step(here, here - 1, total))
            else:
                self.note(time, happened.TAB, subsection, Step(here, chance.whole(1, total), total))
        else:
            event = happened.OUTLINE if chance.happens(0.6) else happened.SEQUENCE_OUTLINE
            self.note(time, event, unit)
        time += int(chance.between(8.0, 90.0) * SECOND)
        for block in unit.blocks:
            if isinstance(block, Video) and chance.happens(0.4):
                time = watch(self, block, time)
        return time

    def _begin(self, time: int, subsection: Subsection, unit: Unit) -> int:
        """Get to a unit: from the one before it, or from the course outline."""
        chance = self.chance
        total = len(subsection.units)
        if unit.position > 1 and chance.happens(0.85):
            self.note(time, happened.NEXT, subsection, Step(unit.position - 1, unit.position, total))
        elif chance.happens(0.2) and total > 1:
            self.note(time, happened.TAB, subsection, Step(max(1, unit.position - 1), unit.position, total))
        elif chance.happens(0.8):
            event = happened.OUTLINE if chance.happens(0.8) else happened.SEQUENCE_OUTLINE
            self.note(time, event, unit)
        else:
            self.note(time, happened.LINK, unit)
        time += int(chance.between(2.0, 14.0) * SECOND)
        if subsection.exam and unit.position == 1:
            attempt = ExamAttempt(chance.digits(32), 1, time)
            self._open_exam = (subsection, attempt)
            self.note(time, happened.EXAM_EVENTS[subsection.exam, "created"], subsection, attempt)
            time += int(chance.between(4.0, 20.0) * SECOND)
        return time

    def _work_through(self, time: int, subsection: Subsection, unit: Unit) -> int:
        chance = self.chance
        for block in unit.blocks:
            if isinstance(block, Video):
                time = watch(self, block, time)
            elif isinstance(block, Problem):
                time = solve(self, block, subsection, time)
            elif block.kind == "html":
                time += int(chance.between(25.0, 240.0) * SECOND)
                self.complete(time, block)
            elif chance.happens(0.35):
                time = self._talk(time)
            time += int(chance.between(3.0, 25.0) * SECOND)
        self.completed.add(unit.block_id)
        if self._open_exam and self._open_exam[0] is subsection and unit is subsection.units[-1]:
            attempt = self._open_exam[1]._replace(completed=time)
            self.note(time, happened.EXAM_EVENTS[subsection.exam, "submitted"], subsection, attempt)
            self._open_exam = None
            time += 20 * SECOND
        return time

    def complete(self, time: int, block: Block) -> None:
        """The platform notes once that a block is completed."""
        if block.block_id not in self.completed:
            self.completed.add(block.block_id)
            self.note(time, happened.BLOCK_COMPLETED, block)

    def grade(self, time: int, subsection: Subsection) -> None:
        """New scores of a subsection and of the course, and what follows from crossing the pass mark."""
        score = Score(self.points.get(subsection, 0), subsection.points)
        self.note(time, happened.SUBSECTION_GRADED, subsection, score)
        percent = round(self._course_percent(), 2)
        passed = percent >= PASS_MARK
        self.note(time + 35_000, happened.COURSE_GRADED, None, Score(percent, 1.0, passed))
        if passed and not self.passed:
            self.note(time + 52_000, happened.NOW_PASSED if self.ever_passed else happened.PASSED_FIRST)
        elif self.passed and not passed:
            self.note(time + 52_000, happened.NOW_FAILED)
        self.passed = passed
        self.ever_passed |= passed

    def earn(self, problem: Problem, subsection: Subsection, points: int) -> None:
        """A problem has these points from now on."""
        before = self.earned.get(problem.block_id, 0)
        self.points[subsection] = self.points.get(subsection, 0) + points - before
        self.earned[problem.block_id] = points

    def _course_percent(self) -> float:
        total = 0.0
        for subsection in self._graded:
            total += subsection.weight * self.points.get(subsection, 0) / subsection.points
        return total

    def _talk(self, time: int) -> int:
        """Some minutes in the forum."""
        chance = self.chance
        thread = Post(chance.pick(self.course.threads), value="discussion")
        self.note(time, happened.THREAD_VIEWED, None, thread)
        time += int(chance.between(15.0, 120.0) * SECOND)
        lot = chance.random()
        if lot < 0.25:
            title = f"Question about {chance.pick(self.course.sections).name}"
            kind = chance.pick(("discussion", "question"))
            time = self._post(time, _THREAD, Post(chance.digits(24), value=kind, title=title))
        elif lot < 0.47:
            time = self._post(time, _RESPONSE, Post(chance.digits(24), thread=thread.identifier))
        elif lot < 0.63:
            time = self._post(time, _COMMENT, Post(chance.digits(24), thread=thread.identifier))
        elif lot < 0.75:
            vote = Post(thread.identifier, value="up" if chance.happens(0.85) else "down")
            self.note(time, happened.THREAD_VOTED, None, vote)
        elif lot < 0.85:
            vote = Post(chance.digits(24), thread=thread.identifier, value="up")
            self.note(time, happened.RESPONSE_VOTED, None, vote)
        elif lot < 0.93:
            time = self._report(time, thread)
        return time + int(chance.between(10.0, 60.0) * SECOND)

    def _post(self, time: int, events: tuple[str, str, str], post: Post) -> int:
        """Write something; some is edited soon after, and some is deleted."""
        chance = self.chance
        created, edited, deleted = events
        self.note(time, created, None, post)
        if chance.happens(0.2):
            time += int(chance.between(20.0, 120.0) * SECOND)
            self.note(time, edited, None, post)
        if chance.happens(0.14):
            time += int(chance.between(20.0, 120.0) * SECOND)
            self.note(time, deleted, None, post)
        return time

    def _report(self, time: int, thread: Post) -> int:
        reply = Post(self.chance.digits(24), thread=thread.identifier)
        item, reported, unreported = self.chance.pick(
            (
                (thread, happened.THREAD_REPORTED, happened.THREAD_UNREPORTED),
                (reply, happened.RESPONSE_REPORTED, happened.RESPONSE_UNREPORTED),
                (reply, happened.COMMENT_REPORTED, happened.COMMENT_UNREPORTED),
            )
        )
        self.note(time, reported, None, item)
        if self.chance.happens(0.5):
            time += int(self.chance.between(4.0, 40.0) * SECOND)
            self.note(time, unreported, None, item)
        return time
