"""Following logs: whatever is appended becomes statements once, whatever becomes of the file."""

from __future__ import annotations

import gzip
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from aspects.logs.checkpoints import Checkpoints
from aspects.logs.sinks import FileSink
from aspects.logs.tail import Follower, follow
from aspects.logs.transform import Transformation, TransformReport
from aspects.xapi.load import Rejects
from tests.unit.test_logs import Copyist, line, transform


def append(log: Path, *numbers: int, end: bytes = b"\n") -> None:
    with log.open("ab") as file:
        file.write(b"\n".join(map(line, numbers)) + end)


def tail(patterns: Sequence[str], out: Path, steps: Sequence[Callable[[], object]]) -> TransformReport:
    """Follow logs, and do a step each time that all there was is read."""
    folder = out.parent
    left = list(steps)
    with (
        closing(Checkpoints(folder / "checkpoints", str(out))) as checkpoints,
        closing(FileSink(out)) as sink,
    ):
        follower = Follower(patterns, checkpoints)

        def ended() -> bool:
            if follower.settled and not left:
                return True
            if follower.settled:
                left.pop(0)()
            return False

        run = Transformation(Copyist(), sink, Rejects(folder / "rejects"), checkpoints)
        run.begin()
        follow(run, follower, ended=ended, pause=0)
        return run.report


def written(out: Path) -> list[bytes]:
    return out.read_bytes().splitlines()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "tracking.log"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "statements.jsonl"


def test_what_is_appended_is_written_and_half_a_line_only_when_it_is_whole(log: Path, out: Path) -> None:
    append(log, 0, 1)
    tail(
        [str(log)],
        out,
        [
            lambda: append(log, 2, end=b""),
            lambda: written(out) == [line(0), line(1)] or pytest.fail("half a line was taken"),
            lambda: append(log, end=b"\n"),
        ],
    )
    assert written(out) == [line(0), line(1), line(2)]


def test_a_log_may_come_later_be_renamed_compressed_and_begun_anew(log: Path, out: Path) -> None:
    first, second = log.with_name("tracking.log.1"), log.with_name("tracking.log.2.gz")

    def rotate() -> None:
        append(log, 2)
        log.rename(first)
        append(first, 3)
        append(log, 4)

    def compress() -> None:
        second.write_bytes(gzip.compress(first.read_bytes()))
        log.replace(first)
        append(log, 5)

    tail([f"{log}*"], out, [lambda: append(log, 0, 1), rotate, compress, lambda: append(log, 6)])
    assert written(out) == [line(number) for number in range(7)]


def test_a_log_that_was_copied_and_truncated_is_another_one(log: Path, out: Path) -> None:
    append(log, 0, 1)

    def truncate(*numbers: int) -> None:
        shutil.copyfile(log, log.with_name("copy"))
        os.truncate(log, 0)
        append(log, *numbers)

    # The second time it has grown beyond its old length before anybody looks.
    tail([str(log)], out, [lambda: truncate(2), lambda: truncate(3, 4, 5)])
    assert written(out) == [line(number) for number in range(6)]


def test_it_goes_on_where_it_or_a_transformation_was(log: Path, out: Path) -> None:
    append(log, 0, 1, 2)
    transform(log, out)
    append(log, 3)
    report = tail([str(log)], out, [lambda: append(log, 4)])
    assert report.read == 2
    assert transform(log, out).read == 0
    append(log, 5)
    assert tail([str(log)], out, []).read == 1
    assert written(out) == [line(number) for number in range(6)]


def test_what_was_written_and_not_noted_is_taken_back(log: Path, out: Path) -> None:
    append(log, 0, 1)
    tail([str(log)], out, [])
    with out.open("ab") as file:
        file.write(line(2)[:30])
    append(log, 2)
    tail([str(log)], out, [])
    assert written(out) == [line(0), line(1), line(2)]


def test_lines_that_are_no_statements_are_counted_and_the_rest_goes_on(log: Path, out: Path) -> None:
    append(log, 0)
    log.write_bytes(log.read_bytes() + b"no JSON\n\n" + b"x" * 8_000_001 + b"\n\xff\n")
    report = tail([str(log)], out, [lambda: append(log, 1)])
    assert written(out) == [line(0), line(1)]
    assert {reason: group.count for reason, group in report.refused.items()} == {"json": 2, "size": 1}
