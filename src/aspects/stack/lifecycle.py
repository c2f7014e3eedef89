"""Up, down, status and reset of the stack, whichever engine runs it."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import psutil

from aspects.errors import AspectsError
from aspects.settings import Settings, forget, load_recorded, record
from aspects.stack import environments, preflight
from aspects.stack.containers import build_image, wanted_images
from aspects.stack.engine import Engine, engine_of
from aspects.stack.health import is_healthy, wait_until_healthy
from aspects.stack.secrets import load_secrets
from aspects.stack.services import Service, select, to_install, wanted_services
from aspects.stack.supervisor import run_folder


class Note(Protocol):
    """A phase that is under way: it takes a word on what it found, and one on how far it is."""

    def note(self, text: str) -> None: ...

    def now(self, text: str) -> None: ...


Phases = Callable[[str], AbstractContextManager[Note]]
"""Opens a phase by its title: the console's `phase`."""


@dataclass(frozen=True)
class Step:
    """Work between the services' starts: done once the services that it needs are healthy, first if it needs none."""

    title: str
    needs: tuple[str, ...]
    run: Callable[[], str]
    """Does it, and says what was done in a word or two."""


@dataclass(frozen=True)
class ServiceStatus:
    """One service as `dev.status` shows it."""

    name: str
    state: str
    """healthy, starting, stopped or failed."""
    url: str
    pid: int | None
    login: dict[str, str] | None


@dataclass(frozen=True)
class StackStatus:
    """The stack: up when every service is healthy, down when none runs, else degraded."""

    state: str
    services: list[ServiceStatus]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def status(settings: Settings) -> StackStatus:
    """What runs now. Starts and changes nothing."""
    processes = {process.name: process for process in engine_of(settings).processes()}
    secrets = load_secrets(settings) if processes else {}
    services = []
    for service in running_services(settings):
        process = processes.get(service.name)
        services.append(
            ServiceStatus(
                name=service.name,
                state=_state(process.state if process else "stopped", service, settings),
                url=service.url(settings),
                pid=process.pid if process else None,
                login=service.credentials(settings, secrets) if secrets else None,
            )
        )
    states = {service.state for service in services}
    overall = "up" if states == {"healthy"} else "down" if not processes else "degraded"
    return StackStatus(overall, services)


def running_services(settings: Settings) -> list[Service]:
    """The services that have a process of their own."""
    return [service for service in wanted_services(settings) if service.runs]


def _state(process_state: str, service: Service, settings: Settings) -> str:
    match process_state:
        case "starting" if not service.port:
            return "starting"
        case "running" | "starting":
            return "healthy" if is_healthy(service, settings) else "starting"
        case "stopped" | "stopping":
            return "stopped"
        case _:
            return "failed"


def read_logs(settings: Settings, names: list[str], lines: int, follow: bool) -> Iterator[str]:
    """The last lines of the named services' logs, each behind its service's name; with `follow`, new ones for ever.

    AspectsError (`stack.unknown_service`) on a name that no service has.
    """
    services = running_services(settings)
    chosen = [select(services, name) for name in names] or services
    width = max(len(service.name) for service in chosen)
    for name, line in engine_of(settings).log([service.name for service in chosen], lines, follow):
        yield f"{name:<{width}} │ {line}"


def up(settings: Settings, steps: list[Step], phases: Phases) -> StackStatus:
    """Start what does not run yet, do the steps, and wait until all is healthy.

    A first look at the machine changes nothing. When anything fails, or Ctrl-C is pressed, whatever this
    call started is stopped again. AspectsError: `stack.preflight`, `stack.install`, `stack.unhealthy`,
    `stack.busy`, `stack.settings_changed`.
    """
    services = wanted_services(settings)
    engine = engine_of(settings)
    was_running = engine.is_running()
    with phases("Look at the machine (nothing is changed yet)"):
        _check_same_settings(settings)
        _preflight(settings, services, engine)
    with _only_one_at_a_time(settings):
        _install(settings, services, phases)
        load_secrets(settings)
        record(settings)
        try:
            engine.start(services)
            _start(settings, services, steps, engine, phases)
        except BaseException:
            if not was_running:
                engine.stop()
                forget(settings.state)
            raise
    return status(settings)


def down(settings: Settings) -> bool:
    """Stop everything; False when nothing ran. Data stays."""
    stopped = engine_of(settings).stop()
    forget(settings.state)
    return stopped


def reset(settings: Settings, keep_environments: bool = True) -> list[Path]:
    """Stop the stack and delete its data, logs and secrets; returns the deleted folders and files."""
    engine_of(settings).delete()
    forget(settings.state)
    kept = {settings.envs.name} if keep_environments else set()
    gone = sorted(path for path in settings.state.glob("*") if path.name not in kept)
    for path in gone:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return gone


def _preflight(settings: Settings, services: list[Service], engine: Engine) -> None:
    checks = preflight.run_checks(settings, services, engine.processes())
    wrong = [check for check in checks if check.required and not check.ok]
    if wrong:
        raise AspectsError(
            "This machine is not ready; nothing was changed.",
            why="\n".join(f"{check.name}: {check.found}" for check in wrong),
            fix="\n  → ".join(check.fix for check in wrong),
            code="stack.preflight",
        )


def _check_same_settings(settings: Settings) -> None:
    recorded = load_recorded(settings.state)
    if not engine_of(recorded).is_running():
        return
    changed = [
        name
        for name in type(settings).model_fields
        if name not in ("root", "state") and getattr(settings, name) != getattr(recorded, name)
    ]
    if changed:
        raise AspectsError(
            "The stack is up with other settings.",
            why="; ".join(f"{name}: {getattr(recorded, name)} → {getattr(settings, name)}" for name in changed),
            fix="./inv dev.down, then ./inv dev.up",
            code="stack.settings_changed",
        )


def _install(settings: Settings, services: list[Service], phases: Phases) -> None:
    if settings.engine == "docker":
        for image in wanted_images(settings, services):
            with phases(f"Build {image.title}") as phase:
                phase.note("unchanged" if build_image(image, settings, phase.now).unchanged else "new")
        return
    for service in to_install(services):
        if not environments.is_installed(service, settings):
            with phases(f"Install {service.title}"):
                environments.install(service, settings)


def _start(settings: Settings, services: list[Service], steps: list[Step], engine: Engine, phases: Phases) -> None:
    """Start each service as early as what it needs allows; they come up side by side."""
    waiting = [service for service in services if service.runs]
    healthy: set[str] = set()
    todo = list(steps)
    started: list[Service] = []

    def start_what_can() -> None:
        for service in [service for service in waiting if healthy.issuperset(_processes_of(service.needs, services))]:
            engine.start_service(service.name)
            waiting.remove(service)
            started.append(service)

    def do_what_can() -> None:
        for step in [step for step in todo if healthy.issuperset(step.needs)]:
            todo.remove(step)
            with phases(step.title) as phase:
                phase.note(step.run())

    do_what_can()
    start_what_can()
    while started:
        service = started.pop(0)
        with phases(f"Start {service.title}"):
            wait_until_healthy(service, settings, engine)
        healthy.add(service.name)
        start_what_can()
        do_what_can()


def _processes_of(names: tuple[str, ...], services: list[Service]) -> set[str]:
    return {service.name for service in services if service.name in names and service.runs}


@contextmanager
def _only_one_at_a_time(settings: Settings) -> Iterator[None]:
    """Two `dev.up` at once would start two of everything; the kernel drops the lock if one is killed."""
    run_folder(settings).mkdir(parents=True, exist_ok=True)
    with (run_folder(settings) / "up.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            raise AspectsError(
                "Another dev.up is at work on this stack.",
                why=f"Its process is {file.read().strip() or 'unknown'}.",
                fix="Wait until it is done; ./inv dev.status shows how far it is.",
                code="stack.busy",
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def resident_bytes(settings: Settings) -> int:
    """Resident memory of all services, in bytes."""
    roots = [psutil.Process(process.pid) for process in engine_of(settings).processes() if process.pid]
    return sum(process.memory_info().rss for root in roots for process in (root, *root.children(recursive=True)))
