"""How long the stack takes to start, the first time and later, and what it rests at."""

from __future__ import annotations

import contextlib
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aspects.bench.measures import Measure, measure
from aspects.settings import Settings
from aspects.stack import lifecycle
from aspects.stack.health import wait_until_healthy
from aspects.stack.services import read_services, select
from aspects.stack.start import start_stack
from aspects.stack.supervisor import Supervisor


class _Quiet:
    def now(self, text: str) -> None:
        pass

    def note(self, text: str) -> None: ...


@contextmanager
def _quiet(title: str) -> Iterator[_Quiet]:
    yield _Quiet()


def measure_start(settings: Settings) -> list[Measure]:
    """Start a stack in an empty folder with the environments installed, then stop and start it again.

    A service's own start is measured alone, from its process to the first healthy answer.
    """
    folder = Path(tempfile.mkdtemp(prefix="aspects-bench-"))
    own = settings.model_copy(update={"state": folder, "environments": settings.envs, **free_ports()})
    try:
        first = _seconds_to_start(own)
        lifecycle.down(own)
        second = _seconds_to_start(own)
        resting = lifecycle.resident_bytes(own)
        superset_second = _seconds_to_start_alone(own, "superset")
        superset_first = _seconds_to_start_alone(own, "superset", empty=True)
    finally:
        with contextlib.suppress(Exception):
            lifecycle.down(own)
        shutil.rmtree(folder, ignore_errors=True)
    return [
        measure("stack.first_start", first, "s"),
        measure("stack.second_start", second, "s"),
        measure("superset.first_start", superset_first, "s", "<= 30"),
        measure("superset.second_start", superset_second, "s", "<= 10"),
        measure("stack.resident_memory", resting / 1e9, "GB", "<= 1.2"),
    ]


def _seconds_to_start(settings: Settings) -> float:
    started = time.monotonic()
    start_stack(settings, _quiet)
    return time.monotonic() - started


def _seconds_to_start_alone(settings: Settings, name: str, empty: bool = False) -> float:
    """Seconds of a service's start while nothing else starts; `empty` removes its own database first."""
    service = select(read_services(settings.root), name)
    supervisor = Supervisor(settings)
    supervisor.stop_service(name)
    if empty:
        for file in settings.service_state(name).glob("*.db*"):
            file.unlink()
    started = time.monotonic()
    supervisor.start_service(name)
    wait_until_healthy(service, settings, supervisor)
    return time.monotonic() - started


def free_ports() -> dict[str, int]:
    """A port that nobody uses for each service that has one, as settings."""
    ports = {}
    with contextlib.ExitStack() as stack:
        for name in ("clickhouse_port", "ralph_port", "superset_port"):
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            ports[name] = int(probe.getsockname()[1])
    return ports
