"""The reference engine: event-routing-backends itself, in processes of the service `event_router`.

Nothing of the service is imported: it is a program with a line protocol, described in its README.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

from aspects.errors import AspectsError
from aspects.logs.engine import Answer
from aspects.settings import Settings
from aspects.stack import environments
from aspects.stack.services import PASSED_ON, Service, read_service

T = TypeVar("T")
_AHEAD: Final = 2
"""Batches a process may be ahead of the one who takes the answers."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a log does not say: who its users are, and what its courses are called.

    `user_map` and `course_names` are CSV files; without them users get UUIDs that are kept, and courses their
    keys. With `keep` false nothing is kept.
    """

    user_map: Path | None = None
    course_names: Path | None = None
    keep: bool = True

    @property
    def arguments(self) -> list[str]:
        """As the program takes it."""
        found = [] if self.keep else ["--forget"]
        if self.user_map:
            found += ["--user-map", str(self.user_map.resolve())]
        if self.course_names:
            found += ["--course-names", str(self.course_names.resolve())]
        return found


def find_service(settings: Settings) -> Service:
    """The service's facts."""
    return read_service(settings.root / "services" / "event_router" / "service.yaml")


def ready(settings: Settings) -> bool:
    """Whether the service's environment is there."""
    return environments.is_installed(find_service(settings), settings)


def install(settings: Settings) -> None:
    """Make the service's environment. Raises AspectsError (`stack.install`)."""
    environments.install(find_service(settings), settings)


def take_over(settings: Settings, knowledge: Knowledge) -> int:
    """Take over a user map for good; returns how many users had another UUID. Raises AspectsError (`logs.map`)."""
    return int(json.loads(_run(settings, ["--seed", *knowledge.arguments]))["changed"])


def export_users(settings: Settings) -> str:
    """Every user that is kept, and the UUID, as CSV. Raises AspectsError (`logs.map`)."""
    return _run(settings, ["--export"])


def _run(settings: Settings, arguments: list[str]) -> str:
    service = find_service(settings)
    done = subprocess.run(
        [*_command(settings, service), *arguments],
        cwd=service.folder,
        env=_environment(settings, service),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AspectsError(
            "The map of users or the names of courses cannot be used.",
            why=done.stderr.strip()[-1000:],
            fix="A user map has rows of a user's id or name and a UUID; course names need the columns course_key and "
            "display_name.",
            code="logs.map",
        )
    return done.stdout


def _command(settings: Settings, service: Service) -> list[str]:
    return [str(settings.envs / service.name / "bin" / "python"), "-m", "event_router"]


def _environment(settings: Settings, service: Service) -> dict[str, str]:
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        name: service.render(value, settings, {}) for name, value in service.environment.items()
    }


class ReferenceEngine:
    """event-routing-backends in `workers` processes."""

    def __init__(self, settings: Settings, knowledge: Knowledge, workers: int) -> None:
        service = find_service(settings)
        command = [*_command(settings, service), "--answers", *knowledge.arguments]
        environment = _environment(settings, service)
        self._processes = [_Process(command, service.folder, environment) for _ in range(workers)]
        self._free: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            self._free.put(process)
        self._asking = ThreadPoolExecutor(workers)

    def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
        """As `Engine.answers`; AspectsError (`logs.engine`) when a process ends before its time."""
        waiting: deque[tuple[T, Future[list[Answer]]]] = deque()
        for mark, lines in batches:
            waiting.append((mark, self._asking.submit(self._ask, lines)))
            if len(waiting) > len(self._processes) * _AHEAD:
                mark, asked = waiting.popleft()
                yield mark, asked.result()
        while waiting:
            mark, asked = waiting.popleft()
            yield mark, asked.result()

    def close(self) -> None:
        """End the processes, whatever they are at."""
        self._asking.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()

    def _ask(self, lines: Sequence[bytes]) -> list[Answer]:
        process = self._free.get()
        try:
            return process.ask(lines)
        finally:
            self._free.put(process)


class _Process:
    """One process of the service."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed in close()
        self._process = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )

    def ask(self, lines: Sequence[bytes]) -> list[Answer]:
        """The answers to some lines."""
        assert self._process.stdin  # noqa: S101  # a pipe
        assert self._process.stdout  # noqa: S101
        try:
            # It answers when the empty line comes, so all can be written before anything is read.
            self._process.stdin.write(b"".join(line + b"\n" for line in lines) + b"\n")
            self._process.stdin.flush()
            found = [self._process.stdout.readline() for _ in range(len(lines) + 1)]
        except OSError:
            found = [b""]
        if found[-1] != b"\n":
            raise self._ended()
        return [_read(line[:-1]) for line in found[:-1]]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream:
                try:
                    stream.close()
                except OSError:
                    continue

    def _ended(self) -> AspectsError:
        self._process.wait()
        self._errors.seek(0)
        said = self._errors.read().decode(errors="replace").strip()
        return AspectsError(
            "A process that makes statements has ended.",
            why=said[-1000:] or f"Its exit status is {self._process.returncode}.",
            fix="Run the same command again: it goes on where it was. If memory is short, use fewer --workers.",
            code="logs.engine",
        )


def _read(line: bytes) -> Answer:
    if line.startswith(b"!"):
        reason, _, message = line[1:].decode(errors="replace").partition("\t")
        return Answer(reason=reason, message=message)
    return Answer(tuple(line.split(b"\t")))
