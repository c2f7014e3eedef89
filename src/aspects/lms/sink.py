"""Sends what an LMS knows to ClickHouse with the service `course_sink`: a program of its own, spoken to by its
arguments and its output alone."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack import environments
from aspects.stack.jobs import is_ready, job
from aspects.stack.services import Service, read_service

COURSES = "course_overviews"
OBJECTS = (COURSES, "course_enrollment", "user_profile", "external_id", "taxonomy", "tag", "object_tag")
PERSONAL = ("user_profile", "external_id")
REFUSED = 4
LOST = 3


@dataclass(frozen=True)
class Sunk:
    """What became of courses, or of rows: each that was read is written, unchanged, older, left or refused."""

    read: int = 0
    written: int = 0
    unchanged: int = 0
    older: int = 0
    left_by_limit: int = 0
    blocks: int = 0
    refused: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """Which things to send. `limit`: at most so many are written (0: all)."""

    object: str = COURSES
    since: datetime | None = None
    force: bool = False
    limit: int = 0
    dry_run: bool = False

    def arguments(self, sources: Sequence[Path]) -> list[str]:
        """As the program takes them."""
        said = ["--object", self.object, "--limit", str(self.limit)]
        said += ["--since", self.since.isoformat()] if self.since else []
        said += ["--force"] if self.force else []
        said += ["--dry-run"] if self.dry_run else []
        return [*said, "--", *(str(source.resolve()) for source in sources)]


def find_service(settings: Settings) -> Service:
    """The service's facts."""
    return read_service(settings.root / "services" / "course_sink" / "service.yaml")


def check(settings: Settings, wanted: Wanted, sources: Sequence[Path]) -> None:
    """Raise AspectsError (`courses.object`, `courses.pii`, `courses.source`) for what cannot be done."""
    if wanted.object not in OBJECTS:
        raise AspectsError(
            f"There is no object {wanted.object!r}.",
            fix="One of: " + ", ".join(OBJECTS) + ".",
            code="courses.object",
            status=2,
        )
    if wanted.object in PERSONAL and not settings.pii:
        raise AspectsError(
            f"{wanted.object} holds personal data, which is off.",
            why="Names, addresses and external ids are stored only where the setting ASPECTS_PII says so.",
            fix="Set ASPECTS_PII=true, if you may, and run the command again.",
            code="courses.pii",
            status=2,
        )
    if missing := [str(source) for source in sources if not source.exists()]:
        raise AspectsError(
            f"There is no {missing[0]}.",
            fix="Name exports of courses (.tar.gz, .zip or a folder), or files of rows (.csv, .jsonl).",
            code="courses.source",
            status=2,
        )
    if wanted.limit < 0:
        raise AspectsError("The limit must be a number of things, or 0 for all.", code="courses.limit", status=2)


def sink(settings: Settings, wanted: Wanted, sources: Sequence[Path], progress: Callable[[Sunk], None]) -> Sunk:
    """Send them; `progress` is told after each course, or each batch of rows.

    Raises AspectsError: those of `check`, `stack.install`, `courses.lost` when ClickHouse did not take or keep what
    it was sent, and `courses.program`.
    """
    check(settings, wanted, sources)
    service = find_service(settings)
    if not is_ready(service, settings):
        environments.install(service, settings)
    started = job(service, settings, wanted.arguments(sources), sources)
    found = Sunk()
    with (
        TemporaryFile("w+") as words,
        subprocess.Popen(
            started.command,
            cwd=started.folder,
            env=started.environment,
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            found = Sunk(**json.loads(line))
            progress(found)
        process.wait()
        words.seek(0)
        said = words.read()
    if process.returncode == LOST:
        raise AspectsError(
            "ClickHouse did not take what it was sent, or does not have it.",
            why=said.strip()[-1000:],
            fix="./inv dev.status shows whether it runs; what was written before is right, so run the command again.",
            code="courses.lost",
        )
    if process.returncode not in (0, REFUSED):
        raise AspectsError(
            "The course sink ended with an error.",
            why=said.strip()[-1000:],
            fix="The reason is above; run the command again with --json for what it had done.",
            code="courses.program",
        )
    return found
