"""Tracking logs into a sink: every line is transformed once, also when the command is ended in the middle."""

from __future__ import annotations

import glob
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aspects.logs.checkpoints import Checkpoints, Digest, Mark, Record, digest_of
from aspects.logs.engine import Answer, Engine
from aspects.logs.sinks import Sink
from aspects.xapi.load import LoadReport, Rejects
from aspects.xapi.objects import is_object
from aspects.xapi.sources import BrokenSource, Line, find, read_lines, stays
from aspects.xapi.statement import Statement, check

_BATCH_LINES: Final = 400
_BATCH_BYTES: Final = 4_000_000
_COMMIT_STATEMENTS: Final = 20_000
_COMMIT_SECONDS: Final = 1.0
_TOO_LONG: Final = Answer(reason="size", message="The line is longer than eight million bytes.")


@dataclass(slots=True)
class TransformReport(LoadReport):
    """What became of every line: `read` in this run, `skipped` because an earlier run had done them."""

    statements: int = 0
    skipped: int = 0


def find_logs(names: Sequence[str]) -> list[str]:
    """The files that names, directories and patterns (`*`, `?`, `**`) mean, each once. Raises as `find` does."""
    files: dict[str, str] = {}
    for name in names:
        matching = [] if is_object(name) or Path(name).exists() else sorted(glob.glob(name, recursive=True))  # noqa: PTH207  # of any root
        for file in find(matching or [name]):
            files.setdefault(str(Path(file).resolve()) if Path(file).exists() else file, file)
    return list(files.values())


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines of one log, and how far it is done once these are."""

    record: Record
    lines: list[Line]
    mark: Mark


class Transformation:
    """One run of the command. With no `checkpoints` everything is read from the beginning."""

    def __init__(
        self,
        engine: Engine,
        sink: Sink,
        rejects: Rejects,
        checkpoints: Checkpoints | None,
        progress: Callable[[int], object] = lambda taken: None,
        batch_lines: int = _BATCH_LINES,
        commit_statements: int = _COMMIT_STATEMENTS,
    ) -> None:
        """`progress` is told of the bytes taken from files. So many lines are asked of the engine at once, and so
        many statements are stored at once, or those of a second."""
        self.report = TransformReport()
        self._engine = engine
        self._sink = sink
        self._rejects = rejects
        self._checkpoints = checkpoints
        self._progress = progress
        self._batch_lines = batch_lines
        self._commit_statements = commit_statements
        self._waiting: list[Statement] = []
        self._marks: dict[int, tuple[Record, Mark]] = {}
        self._committed = time.monotonic()

    def run(self, files: Sequence[str]) -> TransformReport:
        """Transform logs. Raises AspectsError when a file cannot be opened, or the engine or the sink fails."""
        started = time.monotonic()
        self.begin()
        for some in self._rounds(files):
            self.take(self._batches(some))
        self._rejects.close()
        self.report.seconds = time.monotonic() - started
        return self.report

    def begin(self) -> None:
        """Take back what was written and not noted."""
        if self._checkpoints:
            size = self._checkpoints.output()
            if not self._sink.cut(size):
                # What was written is gone.
                self._checkpoints.forget()
                self._sink.cut(None)

    def take(self, batches: Iterable[Batch]) -> None:
        """Make statements of batches of lines and store them. Raises AspectsError as `run` does."""
        asked = ((batch, [_sent(line) for line in batch.lines]) for batch in batches)
        for batch, answers in self._engine.answers(asked):
            for line, answer in zip(batch.lines, answers, strict=True):
                self._take(batch.record.name, line, _TOO_LONG if line.cut else answer)
            self._marks[id(batch.record)] = (batch.record, batch.mark)
            if len(self._waiting) >= self._commit_statements or time.monotonic() - self._committed >= _COMMIT_SECONDS:
                self._commit()
        self._commit()

    def _rounds(self, files: Sequence[str]) -> Iterator[list[str]]:
        """The files in rounds: logs that begin alike may be one log, so the second is read when the first is done."""
        if not self._checkpoints:
            yield list(files)
            return
        rounds: list[list[str]] = []
        alike: Counter[str] = Counter()
        for file in files:
            if not stays(file):
                place = 0
            else:
                with closing(contents(file)) as lines:
                    head = digest_of(next(lines, b""))
                place = alike[head]
                alike[head] += 1
            if place == len(rounds):
                rounds.append([])
            rounds[place].append(file)
        yield from rounds

    def _take(self, file: str, line: Line, answer: Answer) -> None:
        self.report.read += 1
        refused: Answer | None = answer if answer.reason else None
        for text in answer.statements:
            verdict = check(text)
            if isinstance(verdict, Statement):
                self._waiting.append(verdict)
                self.report.statements += 1
            else:
                refused = Answer(reason=f"statement.{verdict.reason}", message=verdict.message)
        if refused:
            self.report.refuse(file, line.number, refused)
            self._rejects.add(file, line, refused)

    def _commit(self) -> None:
        """Store what waits, then note that it is."""
        if self._waiting:
            added = self._sink.add(self._waiting)
            self.report.stored += added.stored
            self.report.duplicates += added.duplicates
            self.report.differing += added.differing
            self._waiting.clear()
        self._rejects.flush()
        if self._checkpoints and self._marks:
            for record, mark in self._marks.values():
                record.mark = mark
            self._checkpoints.save([record for record, _ in self._marks.values()], self._sink.size())
        self._marks.clear()
        self._committed = time.monotonic()

    def _batches(self, files: Sequence[str]) -> Iterator[Batch]:
        for file in files:
            record = Record(file, "", Mark())
            # A named pipe would be emptied by a look into it.
            if self._checkpoints and stays(file):
                with closing(contents(file)) as lines:
                    record = self._checkpoints.find(file, lines)
            try:
                yield from self._of_file(file, record)
            except _BrokenAfter as broken:
                self.report.broken[file] = str(broken.__cause__)

    def _of_file(self, file: str, record: Record) -> Iterator[Batch]:
        """The lines that are not done yet. The last line may be half a line, so a mark does not cover it."""
        digest, begun = Digest(), record.mark
        batch: list[Line] = []
        size = 0
        for line, last in _with_last(read_lines(file, arrays=False, watch=self._progress)):
            done = digest.lines < begun.lines or (
                digest.lines == begun.lines and bool(begun.tail) and digest_of(line.content) == begun.tail
            )
            if done:
                self.report.skipped += 1
            else:
                batch.append(line)
                size += len(line.content)
            if last:
                if batch:
                    yield Batch(record, batch, digest.mark(digest_of(line.content)))
                continue
            digest.add(line.content)
            if len(batch) >= self._batch_lines or size >= _BATCH_BYTES:
                yield Batch(record, batch, digest.mark())
                batch, size = [], 0


def _sent(line: Line) -> bytes:
    """What the engine is asked of a line: nothing of one that was cut."""
    return b"-" if line.cut else line.content


def contents(file: str) -> Generator[bytes, None, None]:
    """The lines of a file as far as it can be read."""
    try:
        for line in read_lines(file, arrays=False):
            yield line.content
    except BrokenSource:
        return


class _BrokenAfter(Exception):  # noqa: N818  # it says when
    """A source broke after its last line was given."""


def _with_last(lines: Iterator[Line]) -> Iterator[tuple[Line, bool]]:
    """Each line, and whether it is the last one. Raises _BrokenAfter where the source breaks."""
    before: Line | None = None
    try:
        for line in lines:
            if before is not None:
                yield before, False
            before = line
    except BrokenSource as error:
        if before is not None:
            yield before, True
        raise _BrokenAfter from error
    if before is not None:
        yield before, True
