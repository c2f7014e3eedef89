"""How a command starts a service that has no process of its own: in its environment here, or in its container."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aspects.settings import Settings
from aspects.stack.compose import compose_command, share, variables
from aspects.stack.environments import is_installed
from aspects.stack.secrets import load_secrets
from aspects.stack.services import PASSED_ON, Service


@dataclass(frozen=True)
class Job:
    """What the operating system is given to start it."""

    command: list[str]
    environment: dict[str, str]
    folder: Path


def job(service: Service, settings: Settings, words: Sequence[str], reads: Sequence[Path] = ()) -> Job:
    """The service's program with these words. `reads` are files and folders of this machine that it is to see."""
    if settings.engine == "docker":
        share(settings)
        mounts = [word for path in reads for word in ("--volume", f"{path.absolute()}:{path.absolute()}:ro")]
        run = ["run", "--rm", "--no-deps", "--no-TTY", "--quiet-pull", *mounts, service.name]
        return Job([*compose_command(settings), *run, *words], variables(settings, os.environ), settings.root)
    secrets = load_secrets(settings)
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        name: service.render(value, settings, secrets) for name, value in service.environment.items()
    }
    program = [str(settings.envs / service.name / "bin" / service.program[0]), *service.program[1:]]
    return Job([*program, *words], environment, service.folder)


def is_ready(service: Service, settings: Settings) -> bool:
    """Whether it can be started; `dev.up` builds the images, as it installs the environments."""
    return settings.engine == "docker" or is_installed(service, settings)
