"""Transforming logs: every line once, wherever a run ends, whatever becomes of the file in between."""

from __future__ import annotations

import gzip
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from aspects.errors import AspectsError
from aspects.logs.checkpoints import Checkpoints, only_one
from aspects.logs.engine import Answer
from aspects.logs.sinks import FileSink, StreamSink
from aspects.logs.transform import Transformation, TransformReport, find_logs
from aspects.xapi.load import Rejects
from aspects.xapi.statement import Statement
from aspects.xapi.store import Added
from tests.unit.test_xapi_statement import statement

T = TypeVar("T")


class Copyist:
    """An engine for which the lines are the statements; what is no whole JSON is refused."""

    handed_over = 0

    def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
        ahead = list(batches)
        for mark, lines in ahead:
            yield mark, [Answer((line,)) if line.endswith(b"}") else Answer((), "json", "half") for line in lines]

    def close(self) -> None:
        """Nothing runs."""


class Ended(Exception):  # noqa: N818  # it says what the process is
    """As if the process had been killed."""


class Mortal(FileSink):
    """A file that ends the run at a given write: before it, in the middle of it, or right after it."""

    def __init__(self, path: Path, ends_at: int, how: str) -> None:
        super().__init__(path)
        self._left, self._how = ends_at, how

    def add(self, statements: Sequence[Statement]) -> Added:
        self._left -= 1
        if self._left == 0 and self._how == "before":
            raise Ended
        added = super().add(statements[: len(statements) // 2] if self._left == 0 else statements)
        if self._left == 0 and self._how == "middle":
            raise Ended
        if self._left == 0:
            super().add(statements[len(statements) // 2 :])
            raise Ended
        return added


def line(number: int) -> bytes:
    return statement(id=str(UUID(int=number)))


def transform(
    log: Path | Sequence[Path], out: Path, ends_at: int = 0, how: str = "", again: bool = False
) -> TransformReport:
    folder = out.parent
    files = [log] if isinstance(log, Path) else log
    with (
        closing(Checkpoints(folder / "checkpoints", str(out))) as checkpoints,
        closing(Mortal(out, ends_at, how)) as sink,
    ):
        rejects = Rejects(folder / "rejects")
        if again:
            checkpoints.forget()
        run = Transformation(Copyist(), sink, rejects, checkpoints, batch_lines=3, commit_statements=5)
        return run.run([str(file) for file in files])


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.integers(0, 30), min_size=1, max_size=5),
    ends=st.lists(st.tuples(st.integers(1, 6), st.sampled_from(["before", "middle", "after"])), max_size=4),
    half=st.booleans(),
    packed=st.sampled_from(["", ".gz", ".zst"]),
)
def test_a_log_that_grows_and_rotates_while_runs_end_is_written_once(
    counts: list[int], ends: list[tuple[int, str]], half: bool, packed: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log, out = folder / "tracking.log", folder / f"statements.jsonl{packed}"
        written = b""
        total = 0
        for count in counts:
            written += b"".join(line(total + place) + b"\n" for place in range(count))
            total += count
            # The LMS may be in the middle of a line.
            log.write_bytes(written + line(total)[:40] if half else written)
            ends_at, how = ends.pop() if ends else (0, "")
            try:
                transform(log, out, ends_at, how)
            except Ended:
                continue
        rotated = folder / "tracking.log-20260301.gz"
        rotated.write_bytes(gzip.compress(written))
        log.unlink()
        transform([rotated, rotated], out)
        text = out.read_bytes()
        if packed == ".gz":
            text = gzip.decompress(text)
        elif packed == ".zst":
            text = zstandard.ZstdDecompressor().stream_reader(text, read_across_frames=True).read()
        assert text == b"".join(line(number) + b"\n" for number in range(total))


def test_what_was_done_is_skipped_under_any_name(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log", tmp_path / "statements.jsonl"
    log.write_bytes(b"\n".join(map(line, range(10))) + b"\n")
    copy = tmp_path / "copy.log"
    copy.write_bytes(log.read_bytes())
    first = transform([log, copy], out)
    assert (first.read, first.statements, first.skipped) == (10, 10, 10)
    second = transform(copy, out)
    assert (second.read, second.skipped) == (0, 10)
    assert len(out.read_bytes().splitlines()) == 10
    assert transform(copy, out, again=True).read == 10
    assert len(out.read_bytes().splitlines()) == 10


def test_an_output_that_was_deleted_is_written_again(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log", tmp_path / "statements.jsonl"
    log.write_bytes(line(1) + b"\n" + line(2) + b"\n")
    transform(log, out)
    out.unlink()
    assert transform(log, out).read == 2
    assert len(out.read_bytes().splitlines()) == 2


def test_a_log_that_was_truncated_and_begun_anew_is_another_log(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log", tmp_path / "statements.jsonl"
    log.write_bytes(b"\n".join(map(line, range(8))))
    transform(log, out)
    log.write_bytes(b"\n".join(map(line, range(8, 11))))
    assert transform(log, out).read == 3
    assert out.read_bytes() == b"".join(line(number) + b"\n" for number in range(11))


def test_half_a_line_is_refused_and_looked_at_again_when_it_is_whole(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log", tmp_path / "statements.jsonl"
    log.write_bytes(line(1) + b"\n" + line(2)[:30])
    first = transform(log, out)
    assert (first.read, first.statements, first.refused["json"].count) == (2, 1, 1)
    assert transform(log, out).read == 0
    log.write_bytes(line(1) + b"\n" + line(2) + b"\n" + line(3) + b"\n")
    second = transform(log, out)
    assert (second.read, second.skipped, second.refused) == (2, 1, {})
    assert out.read_bytes().splitlines() == [line(1), line(2), line(3)]


def test_a_log_that_is_cut_short_is_read_as_far_as_it_goes_and_later_from_there(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log.gz", tmp_path / "statements.jsonl"
    whole = gzip.compress(b"\n".join(map(line, range(2000))))
    log.write_bytes(whole[: len(whole) // 2])
    first = transform(log, out)
    assert 0 < first.statements < 2000
    assert list(first.broken) == [str(log)]
    log.write_bytes(whole)
    second = transform(log, out)
    assert (second.statements, second.broken) == (2000 - first.statements, {})
    assert len(set(out.read_bytes().splitlines())) == 2000


def test_a_bracket_at_the_beginning_is_no_array_of_events(tmp_path: Path) -> None:
    log, out = tmp_path / "tracking.log", tmp_path / "statements.jsonl"
    log.write_bytes(b"[pid: 12] GET / 200\n" + line(1) + b"\n" + b"x" * 9_000_000 + b"\n" + line(2))
    report = transform(log, out)
    assert (report.read, report.statements) == (4, 2)
    assert {reason: group.count for reason, group in report.refused.items()} == {"json": 1, "size": 1}
    kept = [json.loads(one) for one in (tmp_path / "rejects").read_bytes().splitlines()]
    assert [(one["number"], one["reason"], len(one["line"])) for one in kept] == [
        (1, "json", 19),
        (3, "size", 8_000_000),
    ]


def test_a_statement_that_is_not_valid_costs_that_statement_alone(tmp_path: Path) -> None:
    class Twofold(Copyist):
        def answers(self, batches: Iterable[tuple[T, Sequence[bytes]]]) -> Iterator[tuple[T, list[Answer]]]:
            for mark, lines in batches:
                yield mark, [Answer((one, b'{"id": 5}')) for one in lines]

    out = (tmp_path / "out").open("w+b")
    log = tmp_path / "tracking.log"
    log.write_bytes(line(1))
    with out:
        report = Transformation(Twofold(), StreamSink(out), Rejects(tmp_path / "rejects"), None).run([str(log)])
        out.seek(0)
        assert out.read() == line(1) + b"\n"
    assert {reason: group.count for reason, group in report.refused.items()} == {"statement.id.invalid": 1}


def test_logs_are_found_by_name_folder_and_pattern_each_once(tmp_path: Path) -> None:
    for name in ("a/tracking.log", "a/tracking.log-1.gz", "b/other.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = find_logs([f"{tmp_path}/**/tracking*", f"{tmp_path}/a", "-", f"{tmp_path}/b/../a/tracking.log"])
    assert found == [f"{tmp_path}/a/tracking.log", f"{tmp_path}/a/tracking.log-1.gz", "-"]
    with pytest.raises(AspectsError) as error:
        find_logs([f"{tmp_path}/*.none"])
    assert error.value.code == "data.no_file"


def test_two_commands_do_not_write_to_one_place(tmp_path: Path) -> None:
    with (
        only_one(tmp_path, "here"),
        only_one(tmp_path, "there"),
        pytest.raises(AspectsError) as error,
        only_one(tmp_path, "here"),
    ):
        pass
    assert error.value.code == "logs.busy"
