"""The simulation as a tracking log: the same chunks as those of statements, written as the LMS would have."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from aspects.errors import AspectsError
from aspects.fake.action import Action
from aspects.fake.course import Scenario
from aspects.fake.generate import LEARNERS, Chunk, Simulation, chunks
from aspects.fake.people import Learner, profile
from aspects.fake.tracking_log import LogWriter
from aspects.fake.truth import statements_of


def log_chunks(scenario: Scenario, count: int, workers: int, personal: bool, users: Path) -> Iterator[Chunk]:
    """The chunks of a scenario with lines of the log in place of statements, each chunk's in order of time.

    A check of several questions is one line and not split, so there may be a few statements more than `count`.
    `users` becomes the map of the log's users to the actors of the statements. Raises AspectsError when that
    cannot be written.
    """
    simulation = Simulation(scenario, personal)
    try:
        with users.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(("user_id", "username", "uuid"))
            for place, chunk in enumerate(chunks(scenario, count, workers, personal)):
                made, lines, learners = _lines(simulation, place, chunk.count)
                if made > chunk.count:
                    chunk = simulation.chunk(place, limit=made)
                for learner in learners:
                    writer.writerow((learner.user_id, profile(scenario, learner).username, learner.actor))
                yield replace(chunk, lines=lines)
    except OSError as error:
        raise AspectsError(
            f"{users} cannot be written.",
            why=str(error),
            fix="Free some space, or choose another place with --out.",
            code="data.unwritable",
        ) from error


def _lines(simulation: Simulation, place: int, count: int) -> tuple[int, bytes, list[Learner]]:
    """The lines of a chunk that make `count` statements or a few more, how many these are, and whose they are."""
    made = 0
    learners: list[Learner] = []
    lines: list[tuple[int, bytes]] = []
    for index in range(place * LEARNERS, (place + 1) * LEARNERS):
        if made >= count:
            break
        learner = simulation.world.learner(index)
        taken: list[Action] = []
        for action in simulation.actions(learner):
            if made >= count:
                break
            taken.append(action)
            made += statements_of(action)
        learners.append(learner)
        lines += LogWriter(simulation.scenario, learner).write(taken)
    lines.sort(key=lambda line: line[0])
    return made, b"".join(text + b"\n" for _, text in lines), learners
