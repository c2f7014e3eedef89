"""What runs the services: a supervisor of processes, or Docker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from aspects.settings import Settings
from aspects.stack.containers import Containers
from aspects.stack.services import Service
from aspects.stack.supervisor import Process, Supervisor


class Engine(Protocol):
    """Starts, stops and looks at the services of one stack."""

    def start(self, services: Iterable[Service]) -> None:
        """Make ready to start services; none is started yet."""

    def stop(self) -> bool:
        """Stop everything, and keep what services keep; False when nothing ran."""

    def delete(self) -> None:
        """Stop everything, and delete what services keep outside the state folder."""

    def is_running(self) -> bool: ...

    def start_service(self, name: str) -> None:
        """Start a service unless it runs already; does not wait until it is healthy."""

    def process(self, name: str) -> Process: ...

    def processes(self) -> list[Process]: ...

    def last_lines(self, name: str, count: int) -> list[str]:
        """The end of a service's log."""

    def log(self, names: list[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        """The last lines of the services' logs, each with its service's name; with `follow`, new ones for ever."""


def engine_of(settings: Settings) -> Engine:
    """The engine that the settings ask for."""
    return Containers(settings) if settings.engine == "docker" else Supervisor(settings)
