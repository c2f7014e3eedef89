"""Reads the services' log files."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path


def last_lines(file: Path, count: int) -> list[str]:
    """The last lines of a log; empty when there is none."""
    if not file.exists():
        return []
    return file.read_text(errors="replace").splitlines()[-count:]


def read_files(files: Mapping[str, Path], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
    """The last lines of the files, each with its file's name; with `follow`, new ones for ever."""
    positions = {name: _size(file) for name, file in files.items()}
    for name, file in files.items():
        for line in last_lines(file, lines):
            yield name, line
    while follow:
        for name, file in files.items():
            for line in _new_lines(file, positions, name):
                yield name, line
        time.sleep(0.2)


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _new_lines(file: Path, positions: dict[str, int], name: str) -> list[str]:
    """Whole lines since the last look; from the beginning when the file was rotated."""
    size = _size(file)
    if size < positions[name]:
        positions[name] = 0
    if size == positions[name]:
        return []
    with file.open("rb") as stream:
        stream.seek(positions[name])
        text = stream.read(size - positions[name])
    whole, newline, _ = text.rpartition(b"\n")
    positions[name] += len(whole) + len(newline)
    return whole.decode(errors="replace").splitlines()
