"""The simulation in chunks of learners, in any number of processes, with the same result."""

from __future__ import annotations

import gc
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Final

from aspects.fake import lms
from aspects.fake.action import ENROLLED, Action
from aspects.fake.course import Course, Scenario
from aspects.fake.people import Enrolled, Learner, World
from aspects.fake.standing import ENROLLMENT
from aspects.fake.statement_parts import CourseText
from aspects.fake.statements import Scribe
from aspects.fake.study import Study
from aspects.fake.truth import Truth, statements_of

LEARNERS: Final = 64
"""Learners in a chunk: about 3,000 statements."""
_TIME: Final = itemgetter(0)
_AHEAD: Final = 2
"""Chunks a worker may be ahead of the one that takes them."""


@dataclass(slots=True)
class Chunk:
    """What some learners did: their statements, what these count for, and the enrollments.

    `lines` has one statement a line, each with a newline behind it; `times` are those of the lines.
    """

    lines: bytes
    times: list[int]
    truth: Truth
    enrollments: list[Enrolled]
    people: lms.Rows = field(default_factory=dict)
    """What the LMS has of the learners."""
    own_ids: dict[int, int] = field(default_factory=dict)
    """Ids, by the place of the line, of broken statements: their text may have none."""

    @property
    def count(self) -> int:
        """How many statements there are."""
        return len(self.times)

    @property
    def texts(self) -> list[bytes]:
        """Each statement's JSON."""
        return self.lines.split(b"\n")[:-1]

    @property
    def columns(self) -> tuple[bytes, list[bytes]]:
        """The statements' ids, 16 bytes each, and their JSON. Every whole statement begins with its id."""
        texts = self.texts
        digits = [text[7:43] for text in texts]
        for place, own in self.own_ids.items():
            digits[place] = b"%032x" % own
        return bytes.fromhex(b"".join(digits).replace(b"-", b"").decode()), texts

    @property
    def ids(self) -> list[int]:
        """The statements' ids as 128-bit numbers."""
        packed, _ = self.columns
        return [int.from_bytes(packed[start : start + 16], "big") for start in range(0, len(packed), 16)]


class Simulation:
    """A scenario's courses and learners at work."""

    def __init__(self, scenario: Scenario, personal: bool = False) -> None:
        self.scenario = scenario
        self._personal = personal
        self.world = World(scenario)
        self._texts: dict[int, CourseText] = {}

    def actions(self, learner: Learner) -> list[Action]:
        """Everything a learner does in all their courses, in order of time; no two at one moment."""
        found = [one for course in learner.courses for one in Study(self.scenario, learner, course).run()]
        found.sort(key=_TIME)
        last = 0
        for place, action in enumerate(found):
            if action[0] <= last:
                found[place] = action = action._replace(time=last + 1)
            last = action[0]
        while found and found[-1][0] >= self.scenario.end_time:
            found.pop()
        return found

    def chunk(self, number: int, limit: int | None = None) -> Chunk:
        """The learners of a chunk; with `limit`, no more than so many of their statements, the first ones."""
        with _no_collection():
            return self._chunk(number, limit)

    def _chunk(self, number: int, limit: int | None) -> Chunk:
        written: list[bytes] = []
        times: list[int] = []
        truth = Truth()
        enrollments: list[Enrolled] = []
        for index in range(number * LEARNERS, (number + 1) * LEARNERS):
            room = None if limit is None else limit - len(times)
            if room == 0:
                break
            learner = self.world.learner(index)
            actions, dropped = _first(self.actions(learner), room)
            lines, own_times = Scribe(self.scenario.lms_url, learner.actor, self._text).write(actions)
            times += own_times
            if dropped:
                del times[-dropped:]
                lines = b"".join(lines.splitlines(keepends=True)[:-dropped])
            written.append(lines)
            truth.add_learner(actions, dropped)
            enrollments += _enrollments(learner, actions)
        people = lms.people_rows(self.world, enrollments, self._personal)
        return Chunk(b"".join(written), times, truth, enrollments, people)

    def _text(self, course: Course) -> CourseText:
        if course.index not in self._texts:
            self._texts[course.index] = CourseText(self.scenario.lms_url, course)
        return self._texts[course.index]


@contextmanager
def _no_collection() -> Iterator[None]:
    """Spare the search for cycles of garbage: a chunk has many small objects, and no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _first(actions: list[Action], room: int | None) -> tuple[list[Action], int]:
    """The first actions, to fill this much room, and how many statements of the last one are too many."""
    if room is None:
        return actions, 0
    for place, action in enumerate(actions):
        room -= statements_of(action)
        if room <= 0:
            return actions[: place + 1], -room
    return actions, 0


def _enrollments(learner: Learner, actions: list[Action]) -> list[Enrolled]:
    found: dict[int, Enrolled] = {}
    for action in actions:
        if action.event in ENROLLMENT:
            course = action.course.index
            created = found[course].created if course in found else action.time
            is_active = action.event == ENROLLED or action.event.endswith("mode_changed")
            found[course] = Enrolled(learner.index, course, created, action.time, is_active, str(action.detail))
    return list(found.values())


def chunks(scenario: Scenario, count: int, workers: int = 1, personal: bool = False) -> Iterator[Chunk]:
    """The statements of a scenario, `count` in all, chunk by chunk; with `personal` the learners' names too.

    The same scenario gives the same statements in the same order, whatever the number of workers, and a
    smaller count gives the first of them.
    """
    left = count
    if left <= 0:
        return
    with _Source(scenario, workers, personal) as source:
        for number, chunk in enumerate(source):
            if chunk.count > left:
                chunk = _simulation(scenario, personal).chunk(number, limit=left)
            left -= chunk.count
            yield chunk
            if left == 0:
                return


class _Source:
    """Chunks from number 0 on, without end, made here or in other processes."""

    def __init__(self, scenario: Scenario, workers: int, personal: bool) -> None:
        self._scenario = scenario
        self._personal = personal
        self._workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Iterator[Chunk]:
        if self._workers == 1:
            return self._here()
        self._pool = ProcessPoolExecutor(self._workers, mp_context=multiprocessing.get_context("spawn"))
        return self._elsewhere(self._pool)

    def __exit__(self, *error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def _here(self) -> Iterator[Chunk]:
        number = 0
        while True:
            yield _simulation(self._scenario, self._personal).chunk(number)
            number += 1

    def _elsewhere(self, pool: ProcessPoolExecutor) -> Iterator[Chunk]:
        waiting: deque[Future[Chunk]] = deque()
        number = 0
        while True:
            while len(waiting) < self._workers * _AHEAD:
                waiting.append(pool.submit(_work, self._scenario, self._personal, number))
                number += 1
            yield waiting.popleft().result()


@lru_cache(maxsize=2)
def _simulation(scenario: Scenario, personal: bool) -> Simulation:
    return Simulation(scenario, personal)


def _work(scenario: Scenario, personal: bool, number: int) -> Chunk:
    return _simulation(scenario, personal).chunk(number)
