"""The fast engine on all cores, with the library behind it for what it is in doubt about."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from aspects.logs.engine import IN_DOUBT, Answer
from aspects.logs.processes import ProcessEngine
from aspects.logs.reference import Knowledge, ReferenceEngine, find_service
from aspects.settings import Settings
from aspects.stack.services import PASSED_ON

T = TypeVar("T")


class FastEngine:
    """Our own transformer in `workers` processes; the library starts when the first doubt comes."""

    def __init__(self, settings: Settings, knowledge: Knowledge, workers: int) -> None:
        self.handed_over = 0
        self._settings = settings
        self._knowledge = knowledge
        self._workers = workers
        self._reference: ReferenceEngine | None = None
        environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        environment["PYTHONPATH"] = str(settings.root / "src")
        self._fast = ProcessEngine(self._command(), settings.root, environment, workers)

    def _command(self) -> list[str]:
        command = [sys.executable, "-m", "aspects.logs.fast", "--lms-url", self._settings.lms_url]
        if self._knowledge.keep:
            service = find_service(self._settings)
            command += ["--users", service.render(service.environment["ASPECTS_USERS"], self._settings, {})]
        if self._knowledge.user_map:
            command += ["--user-map", str(self._knowledge.user_map.resolve())]
        if self._knowledge.course_names:
            command += ["--course-names", str(self._knowledge.course_names.resolve())]
        return command

    def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
        """As `Engine.answers`."""
        for (mark, lines), answers in self._fast.answers(((mark, lines), lines) for mark, lines in batches):
            doubtful = [place for place, answer in enumerate(answers) if answer is IN_DOUBT]
            if doubtful:
                self.handed_over += len(doubtful)
                for place, answer in zip(doubtful, self._ask([lines[place] for place in doubtful]), strict=True):
                    answers[place] = answer
            yield mark, answers

    def close(self) -> None:
        """End the processes."""
        self._fast.close()
        if self._reference:
            self._reference.close()

    def _ask(self, lines: Sequence[bytes]) -> list[Answer]:
        """What the library says."""
        if self._reference is None:
            self._reference = ReferenceEngine(self._settings, self._knowledge, self._workers)
        share = -(-len(lines) // self._workers)
        parts = ((start, lines[start : start + share]) for start in range(0, len(lines), share))
        return [answer for _, some in self._reference.answers(parts) for answer in some]
