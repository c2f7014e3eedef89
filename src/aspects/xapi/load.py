"""Files of statements into the raw table: what is valid is stored once, what is not is kept aside."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import orjson

from aspects.errors import AspectsError
from aspects.xapi.sources import BrokenSource, Line, read_lines
from aspects.xapi.statement import Refusal, Statement, check
from aspects.xapi.store import Added

BATCH_ROWS: Final = 50_000
_BATCH_BYTES: Final = 64_000_000
_EXAMPLES: Final = 5


class Store(Protocol):
    """Where statements go."""

    def add(self, statements: Sequence[Statement]) -> Added:
        """Store those that are not stored yet."""


@dataclass(frozen=True, slots=True)
class Example:
    """Where a refused line stands, and what is wrong with it."""

    file: str
    line: int
    message: str


@dataclass(slots=True)
class Refused:
    """The lines refused for one reason: how many, and the first few."""

    count: int = 0
    examples: list[Example] = field(default_factory=list)


class Reason(Protocol):
    """Why a line is refused: a stable code, and a sentence."""

    @property
    def reason(self) -> str: ...

    @property
    def message(self) -> str: ...


@dataclass(slots=True)
class LoadReport:
    """What became of every line that was read."""

    read: int = 0
    stored: int = 0
    duplicates: int = 0
    differing: int = 0
    refused: dict[str, Refused] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)
    """Files that could not be read to their end, and why."""
    seconds: float = 0.0

    @property
    def refused_count(self) -> int:
        return sum(one.count for one in self.refused.values())

    @property
    def rate(self) -> float:
        """Lines a second."""
        return self.read / self.seconds if self.seconds else 0.0

    def refuse(self, file: str, number: int, refusal: Reason) -> None:
        """Count a refused line, and keep it as an example if it is among the first for its reason."""
        group = self.refused.setdefault(refusal.reason, Refused())
        group.count += 1
        if len(group.examples) < _EXAMPLES:
            group.examples.append(Example(file, number, refusal.message))

    @property
    def complete(self) -> bool:
        """Whether every line of every file was read and is stored."""
        return not self.refused and not self.broken


class Rejects:
    """The file of what was refused: made when the first line is, one JSON object a line.

    `line` is the text as it came; where that is no UTF-8, `line_base64` holds the bytes. A line longer
    than eight million bytes is cut there, and `cut` says so.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None

    def add(self, file: str, line: Line, refusal: Reason) -> None:
        """Keep a line. Raises AspectsError when that is not possible."""
        record: dict[str, object] = {
            "file": file,
            "number": line.number,
            "reason": refusal.reason,
            "message": refusal.message,
        }
        try:
            record["line"] = line.content.decode()
        except UnicodeDecodeError:
            record["line_base64"] = base64.b64encode(line.content).decode()
        if line.cut:
            record["cut"] = True
        try:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("wb")
            self._file.write(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            raise self._unwritable(error) from error

    def flush(self) -> None:
        """Hand what was added over to the system. Raises AspectsError when that is not possible."""
        try:
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def close(self) -> None:
        """Write what is left. Raises AspectsError when that is not possible."""
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            raise self._unwritable(error) from error

    @property
    def used(self) -> bool:
        return self._file is not None

    def _unwritable(self, error: OSError) -> AspectsError:
        return AspectsError(
            f"The refused lines cannot be kept in {self.path}.",
            why=str(error),
            fix="Free some space or choose another file with --rejects, then run the same command again: "
            "nothing is stored twice.",
            code="data.rejects",
        )


def load(
    files: Sequence[str],
    store: Store,
    rejects: Rejects,
    batch_rows: int = BATCH_ROWS,
    progress: Callable[[int], object] = lambda lines: None,
) -> LoadReport:
    """Read all files and store their statements, a batch at a time.

    One batch is stored while the next is read, so at most two are in memory. `progress` is told of each
    batch's lines. Raises AspectsError when the store or the rejects file fails.
    """
    started = time.monotonic()
    report = LoadReport()
    waiting: Future[Added] | None = None
    with ThreadPoolExecutor(max_workers=1) as storing:
        for batch, lines in _batches(files, rejects, report, batch_rows):
            _settle(waiting, report)
            waiting = storing.submit(store.add, batch)
            progress(lines)
        _settle(waiting, report)
    rejects.close()
    report.seconds = time.monotonic() - started
    return report


def _settle(waiting: Future[Added] | None, report: LoadReport) -> None:
    if waiting is not None:
        added = waiting.result()
        report.stored += added.stored
        report.duplicates += added.duplicates
        report.differing += added.differing


def _batches(
    files: Sequence[str], rejects: Rejects, report: LoadReport, batch_rows: int
) -> Iterator[tuple[list[Statement], int]]:
    """Valid statements in batches, each with the number of lines read for it."""
    batch: list[Statement] = []
    lines = size = 0
    for file in files:
        try:
            for line in read_lines(file):
                lines += 1
                report.read += 1
                verdict = check(line.content) if not line.cut else Refusal("size")
                if isinstance(verdict, Refusal):
                    report.refuse(file, line.number, verdict)
                    rejects.add(file, line, verdict)
                    continue
                batch.append(verdict)
                size += len(verdict.text)
                if len(batch) >= batch_rows or size >= _BATCH_BYTES:
                    yield batch, lines
                    batch, lines, size = [], 0, 0
        except BrokenSource as error:
            report.broken[file] = str(error)
    if lines:
        yield batch, lines
