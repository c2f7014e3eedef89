"""Loading statements: each is stored once, whatever the batches, and what is refused is kept."""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspects.errors import AspectsError
from aspects.xapi.load import LoadReport, Rejects, load
from aspects.xapi.statement import Statement, check
from aspects.xapi.store import Added, native_block
from tests.unit.test_xapi_statement import statement


class Memory:
    """A store as the raw table is one: keyed by time and id, the first one stays."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, int], bytes] = {}
        self.batches: list[int] = []

    def add(self, statements: Sequence[Statement]) -> Added:
        self.batches.append(len(statements))
        stored = duplicates = differing = 0
        for one in statements:
            kept = self.rows.setdefault((one.emission_time, one.event_id), one.text)
            if kept is one.text:
                stored += 1
            else:
                duplicates += 1
                differing += kept != one.text
        return Added(stored, duplicates, differing)


def numbered(number: int) -> bytes:
    return statement(id=str(UUID(int=number)), timestamp=f"2026-09-01T00:00:{number % 60:02d}Z")


def load_lines(folder: Path, lines: Sequence[bytes], store: Memory, batch_rows: int = 50) -> LoadReport:
    file = folder / "statements.jsonl"
    file.write_bytes(b"\n".join(lines))
    return load([str(file)], store, Rejects(folder / "rejects.jsonl"), batch_rows)


def test_a_second_load_adds_nothing(tmp_path: Path) -> None:
    store = Memory()
    lines = [numbered(number) for number in range(120)]
    first = load_lines(tmp_path, lines, store)
    second = load_lines(tmp_path, lines, store)
    assert (first.read, first.stored, first.duplicates) == (120, 120, 0)
    assert (second.read, second.stored, second.duplicates) == (120, 0, 120)
    assert store.batches[:3] == [50, 50, 20]


def test_refused_lines_are_counted_with_their_numbers_and_kept(tmp_path: Path) -> None:
    lines = [numbered(1), b"{broken", b'{"id": "\xff"}', b"", statement(id=None), numbered(2)]
    report = load_lines(tmp_path, lines, Memory())
    assert (report.read, report.stored, report.refused_count) == (5, 2, 3)
    assert not report.complete
    assert {reason: group.examples[0].line for reason, group in report.refused.items()} == {
        "json": 2,
        "encoding": 3,
        "id.missing": 5,
    }
    kept = [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_bytes().splitlines()]
    assert [(one["number"], one["reason"]) for one in kept] == [(2, "json"), (3, "encoding"), (5, "id.missing")]
    assert kept[0]["line"] == "{broken"
    assert base64.b64decode(kept[1]["line_base64"]) == b'{"id": "\xff"}'
    assert kept[2]["line"].encode() == lines[4]


def test_no_rejects_file_is_made_when_nothing_is_refused(tmp_path: Path) -> None:
    report = load_lines(tmp_path, [numbered(1)], Memory())
    assert report.complete
    assert not (tmp_path / "rejects.jsonl").exists()


def test_only_the_first_examples_of_a_reason_are_remembered(tmp_path: Path) -> None:
    report = load_lines(tmp_path, [b"{"] * 1000, Memory())
    assert report.refused["json"].count == 1000
    assert len(report.refused["json"].examples) == 5


def test_a_rejects_file_that_cannot_be_written_stops_the_load(tmp_path: Path) -> None:
    (tmp_path / "rejects.jsonl").mkdir()
    with pytest.raises(AspectsError, match="cannot be kept"):
        load_lines(tmp_path, [b"{"], Memory())


def test_a_failing_store_stops_the_load(tmp_path: Path) -> None:
    class Full(Memory):
        def add(self, statements: Sequence[Statement]) -> Added:
            raise AspectsError("The disk is full.")

    with pytest.raises(AspectsError, match="disk is full"):
        load_lines(tmp_path, [numbered(1)], Full())


LINE = st.one_of(
    st.integers(0, 30).map(numbered),
    st.binary(max_size=20).filter(lambda line: b"\n" not in line),
    st.just(statement(verb=None)),
)


@settings(deadline=None)
@given(st.lists(LINE, max_size=40), st.integers(1, 50))
def test_batches_do_not_matter(lines: list[bytes], batch_rows: int) -> None:
    whole, batched = Memory(), Memory()
    with tempfile.TemporaryDirectory() as folder:
        expected = load_lines(Path(folder), lines, whole, 1000)
        report = load_lines(Path(folder), lines, batched, batch_rows)
    assert batched.rows == whole.rows
    for name in ("read", "stored", "duplicates", "refused_count"):
        assert getattr(report, name) == getattr(expected, name)
    assert report.read == report.stored + report.duplicates + report.refused_count


def test_a_native_block_is_columns_with_names_and_types() -> None:
    one = check(statement())
    assert isinstance(one, Statement)
    block = native_block([one])
    assert block[:2] == b"\x03\x01"
    assert b"\x08event_id\x04UUID" in block
    uuid_at = block.index(b"UUID") + 4
    high, low = block[uuid_at : uuid_at + 8], block[uuid_at + 8 : uuid_at + 16]
    assert int.from_bytes(high, "little") << 64 | int.from_bytes(low, "little") == one.event_id
    time_at = block.index(b"DateTime64(6)") + 13
    assert int.from_bytes(block[time_at : time_at + 8], "little", signed=True) == one.emission_time
    assert block.endswith(bytes([len(one.text) & 0x7F | 0x80, len(one.text) >> 7]) + one.text)
