"""The reference engine: event-routing-backends itself, in processes of the service `event_router`.

Nothing of the service is imported: it is a program with a line protocol, described in its README.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from aspects.errors import AspectsError
from aspects.logs.processes import ProcessEngine
from aspects.settings import Settings
from aspects.stack import environments
from aspects.stack.jobs import is_ready, job
from aspects.stack.services import Service, read_service


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a log does not say: who its users are, and what its courses are called.

    `user_map` and `course_names` are CSV files; without them users get UUIDs that are kept, and courses their
    keys. With `keep` false nothing is kept.
    """

    user_map: Path | None = None
    course_names: Path | None = None
    keep: bool = True

    @property
    def files(self) -> list[Path]:
        """The files that it names."""
        return [file.resolve() for file in (self.user_map, self.course_names) if file]

    @property
    def arguments(self) -> list[str]:
        """As the program takes it."""
        found = [] if self.keep else ["--forget"]
        if self.user_map:
            found += ["--user-map", str(self.user_map.resolve())]
        if self.course_names:
            found += ["--course-names", str(self.course_names.resolve())]
        return found


def find_service(settings: Settings) -> Service:
    """The service's facts."""
    return read_service(settings.root / "services" / "event_router" / "service.yaml")


def ready(settings: Settings) -> bool:
    """Whether the service's environment is there."""
    return is_ready(find_service(settings), settings)


def install(settings: Settings) -> None:
    """Make the service's environment. Raises AspectsError (`stack.install`)."""
    environments.install(find_service(settings), settings)


def take_over(settings: Settings, knowledge: Knowledge) -> int:
    """Take over a user map for good; returns how many users had another UUID. Raises AspectsError (`logs.map`)."""
    return int(json.loads(_run(settings, ["--seed", *knowledge.arguments], knowledge))["changed"])


def export_users(settings: Settings) -> str:
    """Every user that is kept, and the UUID, as CSV. Raises AspectsError (`logs.map`)."""
    return _run(settings, ["--export"])


def _run(settings: Settings, arguments: list[str], knowledge: Knowledge | None = None) -> str:
    started = job(find_service(settings), settings, arguments, knowledge.files if knowledge else ())
    done = subprocess.run(
        started.command,
        cwd=started.folder,
        env=started.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise AspectsError(
            "The map of users or the names of courses cannot be used.",
            why=done.stderr.strip()[-1000:],
            fix="A user map has rows of a user's id or name and a UUID; course names need the columns course_key and "
            "display_name.",
            code="logs.map",
        )
    return done.stdout


class ReferenceEngine(ProcessEngine):
    """event-routing-backends in `workers` processes."""

    handed_over = 0

    def __init__(self, settings: Settings, knowledge: Knowledge, workers: int) -> None:
        words = ["--answers", *knowledge.arguments]
        started = job(find_service(settings), settings, words, knowledge.files)
        super().__init__(started.command, started.folder, started.environment, workers)
