"""Reads the services' log files."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from aspects.settings import Settings
from aspects.stack.health import last_lines
from aspects.stack.services import select, wanted_services
from aspects.stack.supervisor import log_file


def read(settings: Settings, names: list[str], lines: int, follow: bool) -> Iterator[str]:
    """The last lines of the named services' logs, each behind its service's name; with `follow`, new ones for ever.

    AspectsError (`stack.unknown_service`) on a name that no service has.
    """
    services = [service for service in wanted_services(settings) if service.runs]
    chosen = [select(services, name) for name in names] or services
    files = {service.name: log_file(settings, service.name) for service in chosen}
    width = max(map(len, files))
    positions = {name: _size(file) for name, file in files.items()}
    for name, file in files.items():
        for line in last_lines(file, lines):
            yield f"{name:<{width}} │ {line}"
    while follow:
        for name, file in files.items():
            for line in _new_lines(file, positions, name):
                yield f"{name:<{width}} │ {line}"
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
