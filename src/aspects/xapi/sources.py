"""Lines out of files of any size, plain or compressed, at constant memory.

What a file is, its content says and not its name: gzip and zstd are known by their first bytes, and so is
an array of statements, whose elements are given as lines.
"""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final, cast

import zstandard

from aspects.errors import AspectsError
from aspects.xapi import objects
from aspects.xapi.arrays import elements
from aspects.xapi.objects import find_objects, is_object, open_object

STANDARD_INPUT: Final = "-"
MAX_LINE: Final = 8_000_000
"""Bytes that are kept of one line; the rest of a longer one is dropped, and the line is marked as cut."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_PARQUET = b"PAR1"
_BOM = b"\xef\xbb\xbf"
_CHUNK: Final = 1 << 20
_ZSTD_SLICE: Final = 2048
"""Compressed bytes handed over at once: even the tightest zstd stream then yields under 100 MB a step."""


class BrokenSource(Exception):  # noqa: N818  # it says what the source is
    """A source ended before its time or cannot be decompressed. What came before it is good."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a source: its number from 1, its bytes, and whether MAX_LINE cut it."""

    number: int
    content: bytes
    cut: bool = False


def find(names: list[str]) -> list[str]:
    """The files that the given names mean: a directory stands for all files in it and below it.

    Hidden files are left out. `-` is standard input, `s3://bucket/key` an object or all below it. Raises
    AspectsError when a name is neither a file nor a directory, or when a directory holds no file.
    """
    files: list[str] = []
    for name in names:
        path = Path(name)
        if is_object(name):
            files.extend(find_objects(name))
        elif name == STANDARD_INPUT or path.is_file() or path.is_fifo():
            files.append(name)
        elif path.is_dir():
            inside = sorted(str(file) for file in path.rglob("*") if file.is_file() and not _hidden(file, path))
            if not inside:
                raise AspectsError(
                    f"There is no file in {name}.",
                    why="A directory is read with all its subdirectories; hidden files are left out.",
                    fix="Give the directory that holds the statements, or the files themselves.",
                    code="data.empty_directory",
                )
            files.extend(inside)
        else:
            raise AspectsError(
                f"There is no file {name}.",
                why="It does not exist, or it is neither a file nor a directory.",
                fix="Check the path. Use - to read standard input.",
                code="data.no_file",
            )
    return files


def _hidden(file: Path, below: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(below).parts)


def read_lines(name: str, arrays: bool = True, watch: Callable[[int], object] = lambda taken: None) -> Iterator[Line]:
    """Each line of a file that is not blank, without its line ending and without a byte order mark.

    Without `arrays` a bracket at the beginning means nothing. `watch` is told of the bytes taken from the file,
    compressed as they are. Raises BrokenSource where the file is cut short or damaged, after all that could be
    read: the last line before it may be half a line. Raises AspectsError when the file cannot be opened.
    """
    try:
        stream = _open(name)
    except OSError as error:
        raise AspectsError(
            f"{name} cannot be read.", why=str(error), fix="Check the file and its permissions.", code="data.unreadable"
        ) from error
    watched: io.RawIOBase = _Watched(stream, watch)
    with stream:
        yield from _lines(_decompressed(io.BufferedReader(watched, _CHUNK)), arrays)


def _open(name: str) -> BinaryIO:
    if name == STANDARD_INPUT:
        return sys.stdin.buffer
    return open_object(name) if is_object(name) else Path(name).open("rb")


def size_of(name: str) -> int:
    """The bytes of a source as it is stored; 0 where that cannot be known. Raises AspectsError."""
    if is_object(name):
        return objects.size_of(name)
    return Path(name).stat().st_size if Path(name).is_file() else 0


def stays(name: str) -> bool:
    """Whether a source can be read more than once: no pipe."""
    return is_object(name) or Path(name).is_file()


def _decompressed(stream: BinaryIO) -> Iterator[bytes]:
    """The content in pieces; raises BrokenSource where it cannot go on."""
    try:
        head = stream.read(4)
        if head.startswith(_GZIP):
            yield from _gunzip(_Rejoined(head, stream))
        elif head.startswith(_ZSTD):
            yield from _unzstd(_Rejoined(head, stream))
        elif head == _PARQUET:
            raise BrokenSource("This is Parquet, which ClickHouse takes in itself: docs/data.md says how.")
        else:
            yield head
            while piece := stream.read(_CHUNK):
                yield piece
    except EOFError as error:
        raise BrokenSource("The compressed data ends in the middle: the file is cut short.") from error
    except (zlib.error, gzip.BadGzipFile, zstandard.ZstdError) as error:
        raise BrokenSource(f"The compressed data is damaged: {error}.") from error
    except OSError as error:
        raise BrokenSource(f"Reading failed: {error}.") from error


class _Watched(io.RawIOBase):
    """A stream that tells how much is taken from it."""

    def __init__(self, stream: BinaryIO, watch: Callable[[int], object]) -> None:
        self._stream = cast("io.BufferedIOBase", stream)
        self._watch = watch

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the stub's buffer type is private
        taken = self._stream.readinto1(buffer)
        self._watch(taken)
        return taken


class _Rejoined(io.RawIOBase):
    """A stream with its first bytes put back, so that pipes can be looked into too."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self._head = head
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the stub's buffer type is private
        piece = self._head or self._stream.read(len(buffer))
        taken = piece[: len(buffer)]
        self._head = piece[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _gunzip(stream: io.RawIOBase) -> Iterator[bytes]:
    with gzip.GzipFile(fileobj=io.BufferedReader(stream, _CHUNK)) as file:
        while piece := file.read1(_CHUNK):
            yield piece


def _unzstd(stream: io.RawIOBase) -> Iterator[bytes]:
    source = io.BufferedReader(stream, _CHUNK)
    frame = zstandard.ZstdDecompressor().decompressobj()
    begun = False
    while piece := source.read(_ZSTD_SLICE):
        while piece:
            if frame.eof:
                frame = zstandard.ZstdDecompressor().decompressobj()
            begun = True
            yield frame.decompress(piece)
            piece = frame.unused_data if frame.eof else b""
    if begun and not frame.eof:
        raise EOFError


def _lines(pieces: Iterator[bytes], arrays: bool = True) -> Iterator[Line]:
    """Statements one a line, or, with `arrays`, in a JSON array. A line longer than MAX_LINE is given once, cut."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) > MAX_LINE or (len(head) >= len(_BOM) and head.removeprefix(_BOM).strip()):
            break
    head = head.removeprefix(_BOM)
    pieces = chain([head], pieces)
    if arrays and head.lstrip().startswith(b"["):
        for number, content in elements(pieces, MAX_LINE):
            yield from line_of(number, content)
    else:
        yield from _one_a_line(pieces)


def _one_a_line(pieces: Iterator[bytes]) -> Iterator[Line]:
    number = 1
    begun = b""
    try:
        for piece in pieces:
            first, *others = piece.split(b"\n")
            if len(begun) <= MAX_LINE:
                begun += first[: MAX_LINE + 1]
            for content in others:
                yield from line_of(number, begun)
                number += 1
                begun = content
    except BrokenSource:
        yield from line_of(number, begun)
        raise
    yield from line_of(number, begun)


def line_of(number: int, content: bytes) -> Iterator[Line]:
    """The line, without white space around it; nothing when it is blank."""
    if content := content.strip():
        yield Line(number, content[:MAX_LINE], cut=len(content) > MAX_LINE)
