"""From a scenario to its data in a sink and its truth in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aspects.fake import lms, measures
from aspects.fake.course import Scenario
from aspects.fake.faults import Faults, disturb, mark_of
from aspects.fake.generate import chunks
from aspects.fake.logged import log_chunks
from aspects.fake.people import World
from aspects.fake.sinks import Sink
from aspects.fake.truth import Truth

NO_FAULTS: Final = Faults()


@dataclass(frozen=True, slots=True)
class Produced:
    """What was generated. `new` is how many statements the sink did not have; None where it cannot tell."""

    statements: int
    new: int | None
    courses: int
    enrollments: int
    refused: int
    """Broken statements, besides the others."""
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
    faults: Faults = NO_FAULTS,
    log_users: Path | None = None,
) -> Produced:
    """Generate `count` statements and the LMS's rows to match into a sink, then write the truth.

    With `personal`, names and addresses of the learners are written too. `progress` is told of each
    chunk's statements. `faults` change how statements arrive, and nothing of what is true. With `log_users` the
    sink gets a tracking log in place of statements, and that file its users. Raises AspectsError when the sink or
    a file fails.
    """
    started = time.monotonic()
    world = World(scenario)
    total = Truth()
    courses: set[int] = set()
    enrollments = 0
    try:
        sink.rows(lms.taxonomy_rows(scenario))
        made = (
            log_chunks(scenario, count, workers, personal, log_users)
            if log_users
            else chunks(scenario, count, workers, personal)
        )
        for chunk in disturb(made, faults, scenario, count) if faults.any else made:
            for index in sorted({one.course for one in chunk.enrollments} - courses):
                courses.add(index)
                total.add_course(world.course(index))
                sink.rows(lms.course_rows(scenario, world.course(index)))
            sink.rows(chunk.people)
            sink.statements(chunk)
            total.add(chunk.truth)
            enrollments += len(chunk.enrollments)
            progress(chunk.truth.statements)
        sink.close()
    except BaseException:
        sink.abandon()
        raise
    mark = mark_of(scenario, count, faults) if faults.malformed else ""
    true = total.measures()
    if not sink.keeps_broken:
        # Whoever loads the file refuses them, so the warehouse never sees them.
        del true["refused_statements"]
    measures.save(true, total.courses, total.statements, scenario, truth_file, mark)
    seconds = time.monotonic() - started
    refused = total.counts["refused_statements"].total()
    return Produced(total.statements, sink.new, len(courses), enrollments, refused, seconds, truth_file)
