"""From a scenario to its data in a sink and its truth in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aspects.fake import lms, measures
from aspects.fake.course import Scenario
from aspects.fake.generate import chunks
from aspects.fake.people import World
from aspects.fake.sinks import Sink
from aspects.fake.truth import Truth


@dataclass(frozen=True, slots=True)
class Produced:
    """What was generated. `new` is how many statements the sink did not have; None where it cannot tell."""

    statements: int
    new: int | None
    courses: int
    enrollments: int
    seconds: float
    truth: Path

    @property
    def rate(self) -> float:
        """Statements a second."""
        return self.statements / self.seconds if self.seconds else 0.0


def produce(
    scenario: Scenario,
    count: int,
    workers: int,
    sink: Sink,
    truth_file: Path,
    personal: bool = False,
    progress: Callable[[int], object] = lambda statements: None,
) -> Produced:
    """Generate `count` statements and the LMS's rows to match into a sink, then write the truth.

    With `personal`, names and addresses of the learners are written too. `progress` is told of each
    chunk's statements. Raises AspectsError when the sink or the truth file fails.
    """
    started = time.monotonic()
    world = World(scenario)
    total = Truth()
    courses: set[int] = set()
    enrollments = 0
    try:
        sink.rows(lms.taxonomy_rows(scenario))
        for chunk in chunks(scenario, count, workers):
            for index in sorted({one.course for one in chunk.enrollments} - courses):
                courses.add(index)
                total.add_course(world.course(index))
                sink.rows(lms.course_rows(scenario, world.course(index)))
            sink.rows(lms.people_rows(world, chunk.enrollments, personal))
            sink.statements(chunk)
            total.add(chunk.truth)
            enrollments += len(chunk.enrollments)
            progress(chunk.count)
        sink.close()
    except BaseException:
        sink.abandon()
        raise
    measures.save(total.measures(), total.courses, total.statements, scenario, truth_file)
    seconds = time.monotonic() - started
    return Produced(total.statements, sink.new, len(courses), enrollments, seconds, truth_file)
