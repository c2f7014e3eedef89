"""Services and their facts, read from each service folder's `service.yaml`."""

from __future__ import annotations

import graphlib
import shutil
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bcrypt
import yaml
from jinja2 import Environment, StrictUndefined, TemplateError
from pydantic import BaseModel, ConfigDict, ValidationError

from aspects.errors import AspectsError
from aspects.settings import Settings

FOLDERS = ("services/*", "ralph", "dbt", "vector")
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR")
"""The only variables of the caller's environment that a service sees."""


def _hash_password(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()


_jinja = Environment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
_jinja.globals["bcrypt"] = _hash_password


@dataclass(frozen=True)
class Launch:
    """What the operating system is given to start a service."""

    command: list[str]
    prepare: list[str]
    """Run to its end first; empty when there is nothing to prepare."""
    environment: dict[str, str]
    folder: Path
    files: dict[Path, str]
    """Files to write first, with their text; they may hold secrets."""


@dataclass(frozen=True)
class Place:
    """Where a service runs, as its templates see it."""

    settings: Settings
    """With the host and the port that ClickHouse has from there."""
    host: str
    """Where it listens."""
    port: int
    state: Path
    folder: Path
    python: str
    """The program of the commands' own environment."""


class Facts(BaseModel):
    """What is written about a way to run a service; every value is a Jinja2 template over the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    command: tuple[str, ...] = ()
    prepare: tuple[str, ...] = ()
    """A command that is run to its end before `command`, with the same environment."""
    environment: dict[str, str] = {}
    files: dict[str, str] = {}
    """Files under the service's state folder, and the templates beside `service.yaml` that they come from."""


class Binary(Facts):
    """A program on PATH that is used instead of the service's own command."""

    name: str


class Service(Facts):
    """A service's facts."""

    folder: Path
    name: str
    title: str
    summary: str = ""
    port: int = 0
    """Its default port; 0 for a process that nobody talks to, which is healthy while it runs."""
    health: str = "/"
    page: str = "/"
    needs: tuple[str, ...] = ()
    login: dict[str, str] = {}
    binary: Binary | None = None
    when: str = ""
    """A template; where it gives nothing the service is not a part of the stack. Always one unless given."""
    on_demand: bool = False
    """Its environment is made by the command that needs it, not by `dev.up`."""
    environment_of: str = ""
    """A service whose variables it has, too."""
    program: tuple[str, ...] = ()
    """What is started for a command, with that command's own words behind it."""
    uses: tuple[str, ...] = ()
    """Services on demand whose environments it uses, so that they are made before it starts."""

    @property
    def runs(self) -> bool:
        """Whether it is a process of its own; else it is an environment only."""
        return bool(self.command)

    def wanted(self, settings: Settings) -> bool:
        """Whether it is a part of the stack under these settings."""
        return not self.when or bool(self.render(self.when, settings, {}))

    @property
    def requirements(self) -> Path:
        return self.folder / "requirements.txt"

    def url(self, settings: Settings, path: str = "") -> str:
        """The address of its page, or of another path; empty when it has no port."""
        return f"http://{settings.host}:{settings.port(self.name)}{path or self.page}" if self.port else ""

    def uses_binary(self, settings: Settings) -> str:
        """The path of the program on PATH that takes the embedded engine's place, or nothing."""
        wanted = self.render(self.binary.name, settings, {}) if self.binary else ""
        return (shutil.which(wanted) or "") if wanted else ""

    def launch(self, settings: Settings, secrets: Mapping[str, str], inherited: Mapping[str, str]) -> Launch:
        """How to start it under these settings, with the variables of `inherited` that services may see."""
        binary = self.uses_binary(settings)
        chosen = self.binary if binary and self.binary else self
        state = settings.service_state(self.name)
        programs = {"python": str(settings.envs / self.name / "bin" / "python")}
        if self.binary and binary:
            programs[self.render(self.binary.name, settings, secrets)] = binary

        def words(command: tuple[str, ...]) -> list[str]:
            rendered = [self.render(word, settings, secrets) for word in command]
            return [programs.get(word, word) for word in rendered[:1]] + rendered[1:]

        return Launch(
            command=words(chosen.command),
            prepare=words(chosen.prepare),
            environment={name: inherited[name] for name in PASSED_ON if name in inherited}
            | {name: self.render(value, settings, secrets) for name, value in chosen.environment.items()},
            folder=self.folder,
            files={
                state / name: self.render((self.folder / template).read_text(), settings, secrets)
                for name, template in chosen.files.items()
            },
        )

    def credentials(self, settings: Settings, secrets: Mapping[str, str]) -> dict[str, str] | None:
        """The login that a person uses: `user` and `password`."""
        if not self.login:
            return None
        return {name: self.render(value, settings, secrets) for name, value in self.login.items()}

    def embedded(self, settings: Settings) -> Place:
        """As a process of this machine."""
        return Place(
            settings=settings,
            host=settings.host,
            port=settings.port(self.name) if self.port else 0,
            state=settings.service_state(self.name),
            folder=self.folder,
            python=sys.executable,
        )

    def render(self, text: str, settings: Settings, secrets: Mapping[str, str], place: Place | None = None) -> str:
        """A value of `service.yaml`, as it is at that place: on this machine unless another one is given."""
        values = vars(place or self.embedded(settings)) | {"secrets": secrets, "facts": self._facts}
        try:
            return _jinja.from_string(text).render(values)
        except TemplateError as error:
            raise AspectsError(
                f"{self.title}: a value in its service.yaml or template cannot be rendered.",
                why=f"{error} in {text[:200]!r}",
                fix=f"Correct {self.folder / 'service.yaml'}.",
                code="stack.service",
            ) from error

    def _facts(self, name: str) -> Any:
        """The content of a YAML file of the service's folder, for its templates."""
        return yaml.safe_load((self.folder / name).read_text())


def read_service(file: Path) -> Service:
    """One service from its `service.yaml`; AspectsError (`stack.service`) when it cannot be used."""
    try:
        return Service.model_validate({"folder": file.parent, **yaml.safe_load(file.read_text())})
    except (yaml.YAMLError, TypeError, ValidationError) as error:
        raise AspectsError(
            f"{file} cannot be read.",
            why=str(error),
            fix="Correct it; its keys are those of Service in src/aspects/stack/services.py.",
            code="stack.service",
        ) from error


def read_services(root: Path) -> list[Service]:
    """All services of the repository, each after those it needs."""
    files = sorted(file for folder in FOLDERS for file in root.glob(f"{folder}/service.yaml"))
    services = {service.name: service for service in map(read_service, files)}
    order = graphlib.TopologicalSorter({name: service.needs for name, service in services.items()})
    return [services[name] for name in order.static_order() if name in services]


def wanted_services(settings: Settings) -> list[Service]:
    """The services that are a part of the stack under these settings, each after those it needs."""
    return [service for service in read_services(settings.root) if service.wanted(settings)]


def to_install(services: Iterable[Service]) -> list[Service]:
    """Those whose environments the stack needs before it starts."""
    services = list(services)
    used = {name for service in services for name in service.uses}
    return [service for service in services if not service.on_demand or service.name in used]


def select(services: Iterable[Service], name: str) -> Service:
    """The service of that name; AspectsError (`stack.unknown_service`) names those that exist."""
    known = {service.name: service for service in services}
    if name not in known:
        raise AspectsError(
            f"There is no service {name!r}.",
            fix="One of: " + ", ".join(sorted(known)) + ".",
            code="stack.unknown_service",
            status=2,
        )
    return known[name]
