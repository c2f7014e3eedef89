"""Generated courses: sections, subsections, units and what is in them, with ids as Open edX makes them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from math import lcm
from typing import Final

from aspects.fake import subjects
from aspects.fake.chance import Chance, number

SECOND: Final = 1_000_000
"""Times are microseconds since 1970 UTC."""
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
WEEK: Final = 7 * DAY

MODES: Final = ("audit", "verified", "honor")
PASS_MARK: Final = 0.6
_EPOCH: Final = date(1970, 1, 1)
_ALIKE: Final = lcm(len(subjects.SUBJECTS), 2 * len(subjects.ORGANIZATIONS))
"""After so many courses organization and subject come again together."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What decides everything that is generated.

    Nothing happens on `end` or after; the courses run in the `weeks` before it. With `learners_per_course` a
    course has about so many learners; without, popular courses grow with the number of all learners.
    """

    seed: int
    end: date
    lms_url: str
    weeks: int = 12
    learners_per_course: int | None = None

    @property
    def key(self) -> str:
        """What names the streams of random numbers: another one gives other learners and course runs."""
        shape = "" if self.learners_per_course is None else f" {self.learners_per_course}"
        return f"{self.seed} {self.end.isoformat()}{shape}"

    @property
    def end_time(self) -> int:
        """The midnight UTC that begins `end`."""
        return (self.end - _EPOCH).days * DAY

    @property
    def start_time(self) -> int:
        return self.end_time - self.weeks * WEEK


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A part of a course. `kind` is Open edX's block type, the numbers count from 1 within the parent."""

    block_id: str
    kind: str
    name: str
    graded: bool
    section: int = 0
    subsection: int = 0
    unit: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Video(Block):
    """A video; its length is in seconds."""

    length: float = 0.0


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a problem: its number among them, its response type and its prompt."""

    number: int
    response_type: str
    interaction: str
    prompt: str
    answers: tuple[str, ...]
    """The first one is right."""


@dataclass(frozen=True, slots=True, eq=False)
class Problem(Block):
    """A problem of one or more questions; a learner of ability 0 has even odds at difficulty 0."""

    questions: tuple[Question, ...] = ()
    difficulty: float = 0.0
    max_attempts: int = 3
    hints: int = 0

    @property
    def points(self) -> int:
        return len(self.questions)


@dataclass(frozen=True, slots=True, eq=False)
class Unit(Block):
    """A page: what a learner sees at once."""

    blocks: tuple[Block, ...] = ()
    position: int = 1
    """Its place in its subsection, from 1."""


@dataclass(frozen=True, slots=True, eq=False)
class Subsection(Block):
    """A sequence of units. `release` and `due` are times; `weight` is its share of the course grade."""

    units: tuple[Unit, ...] = ()
    release: int = 0
    due: int = 0
    weight: float = 0.0
    problems: tuple[Problem, ...] = ()
    exam: str = ""
    """timed, practice, proctored, or nothing."""
    time_limit: int = 0
    """Minutes that an exam may take."""
    points: int = 0
    """What its problems are worth together."""


@dataclass(frozen=True, slots=True, eq=False)
class Section(Block):
    """A chapter."""

    subsections: tuple[Subsection, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """A course run."""

    index: int
    key: str
    org: str
    number: str
    run: str
    name: str
    area: str
    level: str
    start: int
    end: int
    published: int
    self_paced: bool
    popularity: float
    sections: tuple[Section, ...]
    subsections: tuple[Subsection, ...]
    threads: tuple[str, ...]
    """Ids of the forum threads that were there from the start."""

    def block_id(self, kind: str, identifier: str) -> str:
        return f"block-v1:{self.org}+{self.number}+{self.run}+type@{kind}+block@{identifier}"


def make_course(scenario: Scenario, index: int) -> Course:
    """The course with this number, from 0; it does not depend on how many courses there are."""
    chance = Chance(scenario.key, "course", index)
    subject = subjects.SUBJECTS[(number(scenario.seed, "subjects") + index) % len(subjects.SUBJECTS)]
    organization = (number(scenario.seed, "organizations") + index // 2) % len(subjects.ORGANIZATIONS)
    start = scenario.start_time + (0 if index == 0 else chance.whole(0, 24)) * DAY + 8 * HOUR
    builder = _Builder(
        org=subjects.ORGANIZATIONS[organization][0],
        number=f"{subject.code}{_course_number(scenario, index)}",
        run=_run(start),
        subject=subject,
        chance=chance,
        start=start,
        weeks=chance.whole(11, 14),
        self_paced=index % 4 == 2,
    )
    return builder.build(index)


def _course_number(scenario: Scenario, index: int) -> int:
    """Three digits; courses of one organization and subject have different ones."""
    return 100 + (number(scenario.key, "number", index % _ALIKE) + index // _ALIKE) % 900


def _run(start: int) -> str:
    """The term that a course falls into, by the month in which its third week is."""
    moment = datetime.fromtimestamp((start + 2 * WEEK) / SECOND, UTC)
    return f"{moment.year}_T{(moment.month - 1) // 4 + 1}"


@dataclass(slots=True)
class _Builder:
    org: str
    number: str
    run: str
    subject: subjects.Subject
    chance: Chance
    start: int
    weeks: int
    self_paced: bool

    def build(self, index: int) -> Course:
        chance = self.chance
        count = chance.whole(3, 4)
        sections = _weighted(tuple(self._section(place, count) for place in range(1, count + 1)))
        return Course(
            index=index,
            key=f"course-v1:{self.org}+{self.number}+{self.run}",
            org=self.org,
            number=self.number,
            run=self.run,
            name=self.subject.title,
            area=self.subject.area,
            level=self.subject.level,
            start=self.start,
            end=self.start + self.weeks * WEEK,
            published=self.start - chance.whole(15, 40) * DAY + chance.whole(0, 9 * 60) * MINUTE,
            self_paced=self.self_paced,
            popularity=0.4 + chance.waiting(0.8),
            sections=sections,
            subsections=tuple(one for section in sections for one in section.subsections),
            threads=tuple(chance.digits(24) for _ in range(12)),
        )

    def _id(self, kind: str) -> str:
        return f"block-v1:{self.org}+{self.number}+{self.run}+type@{kind}+block@{self.chance.digits(32)}"

    def _section(self, place: int, count: int) -> Section:
        topic = self.subject.topics[(place - 1) % len(self.subject.topics)]
        last = place == count
        subsections = [
            self._subsection(place, count, 1, f"{topic}: {self.chance.pick(subjects.SUBSECTION_NAMES)}", False, ""),
            self._subsection(place, count, 2, f"{topic}: {self.chance.pick(subjects.GRADED_NAMES)}", True, ""),
        ]
        if place == 1:
            subsections.append(self._subsection(place, count, 3, "Practice Exam", False, "practice"))
        elif place == 2:
            subsections.append(self._subsection(place, count, 3, "Midterm Exam", True, "timed"))
        elif last:
            subsections.append(self._subsection(place, count, 3, "Final Exam", True, "proctored"))
        return Section(self._id("chapter"), "chapter", topic, False, place, subsections=tuple(subsections))

    def _subsection(self, section: int, sections: int, place: int, name: str, graded: bool, exam: str) -> Subsection:
        period = (self.weeks - 1) * WEEK // sections
        release = self.start if self.self_paced else self.start + (section - 1) * period
        due = self.start + section * period - 9 * HOUR
        count = 1 if exam else self.chance.whole(1, 2) if graded else self.chance.whole(2, 3)
        units = tuple(
            self._unit(section, place, unit, graded, "exam" if exam else "homework" if graded else "lesson")
            for unit in range(1, count + 1)
        )
        problems = tuple(one for unit in units for one in unit.blocks if isinstance(one, Problem))
        return Subsection(
            self._id("sequential"), "sequential", name, graded, section, place,
            units=units, problems=problems, points=sum(one.points for one in problems),
            release=release, due=due, exam=exam, time_limit=45 if exam else 0,
        )  # fmt: skip

    def _unit(self, section: int, subsection: int, place: int, graded: bool, purpose: str) -> Unit:
        chance = self.chance
        if purpose == "exam":
            kinds = ["problem"] * 2
        elif purpose == "homework":
            kinds = ["problem"]
        else:
            kinds = [["video"], ["video", "problem"], ["html", "problem"], ["video", "discussion"]][
                0 if place == 1 else chance.whole(0, 3)
            ]
        where = (graded, section, subsection, place)
        return Unit(
            self._id("vertical"), "vertical", "Exam" if purpose == "exam" else chance.pick(subjects.UNIT_NAMES), *where,
            blocks=tuple(self._content(kind, where) for kind in kinds), position=place,
        )  # fmt: skip

    def _content(self, kind: str, where: tuple[bool, int, int, int]) -> Block:
        chance = self.chance
        if kind == "video":
            # Most lectures last some minutes; a few are trailers of half a minute or recordings of an hour.
            length = round(min(4000.0, max(25.0, 330.0 * 2.0 ** chance.normal(0.0, 1.1))), 1)
            return Video(self._id(kind), kind, chance.pick(subjects.VIDEO_NAMES), *where, length=length)
        if kind == "problem":
            questions = tuple(self._question(place) for place in range(1, self._questions() + 1))
            return Problem(
                self._id(kind), kind, chance.pick(subjects.PROBLEM_NAMES), *where,
                questions=questions, difficulty=chance.normal(0.0, 0.9), max_attempts=chance.whole(2, 4),
                hints=chance.whole(0, 2),
            )  # fmt: skip
        return Block(self._id(kind), kind, "Text" if kind == "html" else "Discussion", *where)

    def _questions(self) -> int:
        return self.chance.whole(2, 3) if self.chance.happens(0.2) else 1

    def _question(self, place: int) -> Question:
        response_type, interaction, prompt = self.chance.pick(subjects.QUESTIONS)
        if interaction == "numeric":
            right = self.chance.whole(2, 90)
            answers: tuple[str, ...] = (str(right), str(right + 1), str(right * 2), str(right - 1))
        elif interaction == "fill-in":
            answers = tuple(topic.lower() for topic in self.subject.topics[:4])
        else:
            answers = tuple(f"choice_{value}" for value in range(4))
        return Question(place, response_type, interaction, prompt, answers)


def _weighted(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Give the graded subsections their shares of the course grade: exams count twice."""
    shares = {
        one.block_id: 2.0 if one.exam else 1.0 for section in sections for one in section.subsections if one.graded
    }
    total = sum(shares.values())
    return tuple(
        replace(
            section,
            subsections=tuple(
                replace(one, weight=shares.get(one.block_id, 0.0) / total) for one in section.subsections
            ),
        )
        for section in sections
    )


def blocks_in_order(course: Course) -> list[Block]:
    """Every block of a course in reading order, the course itself first."""
    found: list[Block] = [Block(course.block_id("course", "course"), "course", course.name, False)]
    for section in course.sections:
        found.append(section)
        for subsection in section.subsections:
            found.append(subsection)
            for unit in subsection.units:
                found.append(unit)
                found.extend(unit.blocks)
    return found


def day_of(time: int) -> date:
    """The UTC day of a time."""
    return _EPOCH + timedelta(days=time // DAY)
