"""An engine that is a program with a line protocol, in several processes.

Each line of a log gets one line of answer: the statements with tabs between them; or `!`, a reason, a tab and a
message; or `?`, which stands for doubt. The answers come once an empty line asks for them, and end with an empty line.
"""

from __future__ import annotations

import queue
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import IO, Final, TypeVar

from aspects.errors import AspectsError
from aspects.logs.engine import IN_DOUBT, Answer

T = TypeVar("T")
_AHEAD: Final = 2
"""Batches a process may be ahead of the one who takes the answers."""


class ProcessEngine:
    """A program in `workers` processes."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], workers: int) -> None:
        self._processes = [_Process(command, folder, environment) for _ in range(workers)]
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
        assert self._process.stdout  # noqa: S101  # a pipe
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
    if line == b"?":
        return IN_DOUBT
    if line.startswith(b"!"):
        reason, _, message = line[1:].decode(errors="replace").partition("\t")
        return Answer(reason=reason, message=message)
    return Answer(tuple(line.split(b"\t")))
