"""Reading lines out of plain and compressed files, good and damaged ones."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from aspects.errors import AspectsError
from aspects.xapi import sources
from aspects.xapi.sources import BrokenSource, find, read_lines

LINES = [f'{{"number": {number}}}'.encode() for number in range(5000)]
TEXT = b"\n".join(LINES) + b"\n"


def write(folder: Path, content: bytes, name: str = "statements.jsonl") -> str:
    path = folder / name
    path.write_bytes(content)
    return str(path)


def contents(name: str) -> list[bytes]:
    return [line.content for line in read_lines(name)]


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT),
        gzip.compress(TEXT[:1000]) + gzip.compress(TEXT[1000:]),
        zstandard.compress(TEXT),
        zstandard.compress(TEXT[:1000]) + zstandard.compress(TEXT[1000:]),
    ],
    ids=["plain", "gzip", "two gzip members", "zstd", "two zstd frames"],
)
def test_what_a_file_is_its_content_says(tmp_path: Path, packed: bytes) -> None:
    assert contents(write(tmp_path, packed, "statements.txt")) == LINES


def test_lines_are_numbered_as_an_editor_does_and_blank_ones_are_left_out(tmp_path: Path) -> None:
    lines = list(read_lines(write(tmp_path, b"\xef\xbb\xbf{1}\r\n\r\n   \n{4}")))
    assert [(line.number, line.content) for line in lines] == [(1, b"{1}"), (4, b"{4}")]


def test_an_empty_file_has_no_lines(tmp_path: Path) -> None:
    assert contents(write(tmp_path, b"")) == []


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress], ids=["gzip", "zstd"])
def test_of_a_truncated_file_all_is_read_that_is_there(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    noise = random.Random(5)
    lines = [noise.randbytes(60).hex().encode() for _ in range(5000)]
    packed = pack(b"\n".join(lines))
    read: list[bytes] = []
    half = read_lines(write(tmp_path, packed[: len(packed) // 2]))
    with pytest.raises(BrokenSource, match="cut short"):
        read.extend(line.content for line in half)
    assert 1000 < len(read) < 4000
    assert read[:-1] == lines[: len(read) - 1]
    assert lines[len(read) - 1].startswith(read[-1])


def test_damage_in_the_middle_is_told_from_a_file_cut_short(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(random.Random(5).randbytes(20000).hex().encode()))
    packed[5000:5010] = b"\0" * 10
    with pytest.raises(BrokenSource, match="damaged"):
        contents(write(tmp_path, bytes(packed)))


def test_an_endless_line_is_cut_and_the_next_one_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINE", 1000)
    monkeypatch.setattr(sources, "_CHUNK", 64)
    first, second, third = read_lines(write(tmp_path, b"{1}\n" + b"x" * 5000 + b"\n{3}\n"))
    assert (first.content, first.cut) == (b"{1}", False)
    assert (second.content, second.cut, second.number) == (b"x" * 1000, True, 2)
    assert (third.content, third.cut, third.number) == (b"{3}", False, 3)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=6), VALUES, max_size=4), max_size=8), st.booleans(), st.integers(1, 40)
)
def test_an_array_has_its_elements_as_lines(values: list[object], indented: bool, size: int) -> None:
    content = b"\xef\xbb\xbf \n" + json.dumps(values, indent=2 if indented else None, ensure_ascii=False).encode()
    lines = list(sources._lines(iter([content[start : start + size] for start in range(0, len(content), size)])))
    assert [json.loads(line.content) for line in lines] == values
    by_line = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    for line in lines:
        assert line.content.split(b"\n")[0].rstrip(b",") in by_line[line.number - 1]


def test_in_an_array_one_bad_element_costs_itself_alone(tmp_path: Path) -> None:
    lines = list(read_lines(write(tmp_path, b'[{"a": "]},"}, broken,\n17, {"b": [{}, {}]}')))
    assert [(line.number, line.content) for line in lines] == [
        (1, b'{"a": "]},"}'),
        (1, b"broken"),
        (2, b"17"),
        (2, b'{"b": [{}, {}]}'),
    ]


def test_an_endless_element_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_LINE", 1000)
    monkeypatch.setattr(sources, "_CHUNK", 64)
    first, second = read_lines(write(tmp_path, b'["' + b"x" * 5000 + b'", {"b": 2}]'))
    assert (len(first.content), first.cut) == (1000, True)
    assert (second.content, second.cut) == (b'{"b": 2}', False)


@settings(deadline=None)
@given(st.binary(max_size=400).filter(lambda content: b"[" not in content), st.integers(1, 50))
def test_lines_do_not_depend_on_where_the_pieces_end(content: bytes, size: int) -> None:
    pieces = iter([content[start : start + size] for start in range(0, len(content), size)])
    expected = [line.strip() for line in content.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    assert [line.content for line in sources._lines(pieces)] == expected


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_make_reading_fail_but_as_a_broken_source(content: bytes) -> None:
    for magic in (b"", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"):
        pieces = sources._decompressed(io.BytesIO(magic + content))
        try:
            assert len(b"".join(pieces)) >= 0
        except BrokenSource:
            assert magic or content.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"))


def test_a_directory_stands_for_the_files_in_it_and_below(tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    for name in ("b.jsonl", "2026/a.jsonl.gz", ".hidden"):
        write(tmp_path, b"{}", name)
    assert find([str(tmp_path), "-"]) == [str(tmp_path / "2026/a.jsonl.gz"), str(tmp_path / "b.jsonl"), "-"]


def test_a_missing_file_and_an_empty_directory_are_named(tmp_path: Path) -> None:
    with pytest.raises(AspectsError, match=r"There is no file gone\.jsonl"):
        find(["gone.jsonl"])
    with pytest.raises(AspectsError, match="There is no file in"):
        find([str(tmp_path)])
