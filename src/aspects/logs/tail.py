"""Live logs, followed: what is appended becomes statements at once, over rotation and truncation.

A followed log is read from where its record in the checkpoints ends. Rotation puts another file in its place: the old
one is read to its end first. Truncation begins the file anew. Only whole lines are taken while a file is in its place.
"""

from __future__ import annotations

import glob
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from aspects.logs.checkpoints import Checkpoints, Digest, Mark, Record, digest_of
from aspects.logs.transform import Batch, Transformation, contents
from aspects.xapi.sources import MAX_LINE, Line, line_of

_CHUNK: Final = 1 << 20
_HEAD: Final = 4096
_BATCH_LINES: Final = 400
PAUSE: Final = 0.5
"""Seconds between two looks at the files."""


class FollowedLog:
    """One file that is followed. It is read from its beginning, and what its record covers is passed over."""

    def __init__(self, path: Path, checkpoints: Checkpoints) -> None:
        """Raises OSError when the file cannot be read."""
        self._file = path.open("rb")
        self.path = path
        self._checkpoints = checkpoints
        self._record: Record | None = None
        self._begun = Mark()
        self._digest = Digest()
        self._head = b""
        self._rest = b""
        self._number = 1

    def close(self) -> None:
        self._file.close()

    def replaced(self) -> bool:
        """Whether another file, or none, is in its place."""
        try:
            there = self.path.stat()
        except OSError:
            return True
        own = os.fstat(self._file.fileno())
        return (there.st_dev, there.st_ino) != (own.st_dev, own.st_ino)

    def truncated(self) -> bool:
        """Whether what was read is no longer there."""
        size = os.fstat(self._file.fileno()).st_size
        return size < self._file.tell() or os.pread(self._file.fileno(), len(self._head), 0) != self._head

    def batches(self, to_the_end: bool) -> Iterator[Batch]:
        """What was appended, in batches; `to_the_end` takes a last line without its ending, too."""
        batch: list[Line] = []
        for content in self._new(to_the_end):
            number, self._number = self._number, self._number + 1
            for line in line_of(number, content):
                # A log is known by its first line, so it must be whole.
                record = self._record or self._find()
                done = self._digest.lines < self._begun.lines or (
                    self._digest.lines == self._begun.lines and digest_of(line.content) == self._begun.tail
                )
                self._digest.add(line.content)
                if not done:
                    batch.append(line)
            if len(batch) >= _BATCH_LINES:
                yield Batch(record, batch, self._digest.mark())
                batch = []
        if batch:
            yield Batch(record, batch, self._digest.mark())

    def _find(self) -> Record:
        with closing(contents(str(self.path))) as lines:
            self._record = self._checkpoints.find(str(self.path), lines)
        self._begun = self._record.mark
        return self._record

    def _new(self, to_the_end: bool) -> Iterator[bytes]:
        """The lines that were appended, without their endings."""
        while piece := self._file.read(_CHUNK):
            if len(self._head) < _HEAD:
                self._head += piece[: _HEAD - len(self._head)]
            first, *others = piece.split(b"\n")
            if len(self._rest) <= MAX_LINE:
                self._rest += first[: MAX_LINE + 1]
            for content in others:
                yield self._rest
                self._rest = content
        if to_the_end and self._rest:
            yield self._rest
            self._rest = b""


class Follower:
    """The logs that patterns name, also those that come later."""

    def __init__(self, patterns: Sequence[str], checkpoints: Checkpoints) -> None:
        self._patterns = patterns
        self._checkpoints = checkpoints
        self._logs: dict[Path, FollowedLog] = {}
        self.settled = False
        """Whether all logs that there were are followed."""

    def batches(self) -> Iterator[Batch]:
        """What was appended to any of the logs since the last time, or what a log has that is new.

        A new log may be one that has another name now, so it is looked up when all that came before is stored.
        """
        followed = len(self._logs)
        for path, log in list(self._logs.items()):
            truncated = log.truncated()
            gone = not truncated and log.replaced()
            if not truncated:
                yield from log.batches(to_the_end=gone)
            if truncated or gone:
                self._logs.pop(path).close()
        self.settled = False
        if len(self._logs) < followed:
            return
        for path in self._named():
            if path not in self._logs:
                try:
                    self._logs[path] = FollowedLog(path, self._checkpoints)
                except OSError:
                    # It has gone, or may not be read yet.
                    continue
                yield from self._logs[path].batches(to_the_end=False)
                return
        self.settled = True

    def close(self) -> None:
        for log in self._logs.values():
            log.close()

    def _named(self) -> Iterator[Path]:
        """The files that are there; not those that rotation has compressed, as they do not grow."""
        for pattern in self._patterns:
            for name in sorted(glob.glob(pattern, recursive=True)):  # noqa: PTH207  # of any root
                path = Path(name)
                if path.is_file() and path.suffix not in (".gz", ".zst"):
                    yield path


def follow(
    transformation: Transformation,
    follower: Follower,
    told: Callable[[], object] = lambda: None,
    ended: Callable[[], bool] = lambda: False,
    pause: float = PAUSE,
) -> None:
    """Make statements of what is appended until `ended` says so; `told` is called after each round.

    Raises AspectsError when the engine or the sink fails: what was not stored is taken again by the next run.
    """
    with closing(follower):
        while not ended():
            transformation.take(follower.batches())
            told()
            if follower.settled:
                time.sleep(pause)
