"""The stack as containers: the same interface as the supervisor's, over Docker Compose."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from aspects.errors import AspectsError
from aspects.images.build import Built, build, docker_engine
from aspects.images.dockerfile import Image, choose, read_images
from aspects.settings import Settings
from aspects.stack.compose import compose_command, project_name, run_compose, told_file, variables, write_told
from aspects.stack.services import Service
from aspects.stack.supervisor import Process

PROJECT = "com.docker.compose.project"
SERVICE = "com.docker.compose.service"
STATES = {"created": "stopped", "restarting": "backoff", "dead": "fatal", "removing": "stopping"}
"""Docker's words for a container's state where they are not the supervisor's."""
CHECKED = ("starting", "unhealthy")
"""What a health check says of a container that runs, and is not well."""
IN_THE_COMMANDS_IMAGE = ("refresh", "tail")


class Containers:
    """The containers of one stack, running or not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, services: Iterable[Service]) -> None:
        """Write what the containers are told; no service is started yet. Raises AspectsError (`images.no_engine`)."""
        with docker_engine():
            write_told(self._settings)

    def stop(self) -> bool:
        """Stop and remove every container, and keep the volumes; False when there was none."""
        return self._remove()

    def delete(self) -> None:
        """Remove the containers and what they kept."""
        self._remove("--volumes")

    def is_running(self) -> bool:
        return bool(self.processes())

    def start_service(self, name: str) -> None:
        """Start a service unless it runs already from the same image; does not wait until it is healthy."""
        run_compose(
            self._settings, ["--profile", "*", "up", "--detach", "--no-deps", "--no-build", "--pull", "missing", name]
        )

    def process(self, name: str) -> Process:
        found = next((process for process in self.processes() if process.name == name), None)
        return found or Process(name, "stopped", None, "")

    def processes(self) -> list[Process]:
        """Every service's first process; empty when no engine answers or there is no container."""
        return [
            Process(
                name=container["Config"]["Labels"][SERVICE],
                state=_state(container["State"]),
                pid=container["State"]["Pid"] or None,
                description=container["State"].get("Error", ""),
            )
            for container in self._containers()
        ]

    def last_lines(self, name: str, count: int) -> list[str]:
        """The end of a service's log."""
        words = ["logs", "--no-color", "--no-log-prefix", "--tail", str(count), name]
        return run_compose(self._settings, words).splitlines()

    def log(self, names: list[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        """The last lines of the services' logs, each with its service's name; with `follow`, new ones for ever."""
        words = ["logs", "--no-color", "--tail", str(lines), *(["--follow"] if follow else []), *names]
        command = [*compose_command(self._settings), *words]
        told = variables(self._settings, os.environ)
        with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, text=True, errors="replace") as compose:
            try:
                for line in compose.stdout or ():
                    if found := re.match(r"(\S+?)(?:-\d+)?\s+\| ?(.*)", line):
                        yield found[1], found[2]
            finally:
                compose.terminate()

    def _containers(self) -> list[dict[str, Any]]:
        try:
            with docker_engine(timeout=10) as client:
                labels = [f"{PROJECT}={project_name(self._settings)}", "com.docker.compose.oneoff=False"]
                found = client.containers.list(all=True, filters={"label": labels}, ignore_removed=True)
                return [container.attrs for container in found]
        except AspectsError:
            return []

    def _remove(self, *more: str) -> bool:
        if not told_file(self._settings).exists():
            return False
        found = self.is_running()
        run_compose(self._settings, ["--profile", "*", "down", "--timeout", "20", *more])
        return found


def wanted_images(settings: Settings, services: Iterable[Service]) -> list[Image]:
    """The images of ours that these services run in, and those that their commands run in."""
    images = read_images(settings.root)
    names = [service.name for service in services if service.name in images and _ours(service)]
    if any(service.name in IN_THE_COMMANDS_IMAGE for service in services):
        names.append("cli")
    return choose(images, sorted(set(names)))


def build_image(image: Image, settings: Settings, progress: Callable[[str], None]) -> Built:
    """Build an image unless the engine has it from the same files. Raises AspectsError (`images.build`)."""
    with docker_engine() as client:
        return build(image, settings, client, build_arguments(settings), progress=progress)


def build_arguments(settings: Settings) -> dict[str, str]:
    """The setting `image_arguments`, by name. Raises AspectsError (`images.arguments`)."""
    pairs = [word.partition("=") for word in settings.image_arguments.split()]
    if wrong := [name for name, equals, _ in pairs if not equals]:
        raise AspectsError(
            f"{wrong[0]!r} is no build argument.",
            fix="Write ASPECTS_IMAGE_ARGUMENTS as NAME=VALUE, with spaces between.",
            code="images.arguments",
            status=2,
        )
    return {name: value for name, _, value in pairs}


def _state(told: dict[str, Any]) -> str:
    status, health = str(told["Status"]), str(told.get("Health", {}).get("Status", ""))
    if status == "running" and health in CHECKED:
        return health
    return STATES.get(status, status)


def _ours(service: Service) -> bool:
    """ClickHouse runs in its own official image."""
    return service.name != "clickhouse"
