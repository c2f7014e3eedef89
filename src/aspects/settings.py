"""Settings: the only reader of the environment and of `.env`."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from aspects import __version__
from aspects.errors import AspectsError

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "ASPECTS_"
CLICKHOUSE = {"host": "clickhouse", "clickhouse_port": 8123}
"""Where ClickHouse is for other containers."""


Kept = Literal["forever"] | Annotated[int, Field(ge=1)]


class Settings(BaseSettings):
    """Every setting is the environment variable `ASPECTS_<NAME>`, or a line of `.env`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=ROOT / ".env", extra="ignore", frozen=True)

    root: Path = ROOT
    state: Path = ROOT / ".aspects"
    """Where data, logs, secrets and environments are kept."""
    environments: Path | None = None
    """Where the services' Python environments are kept; `<state>/envs` unless set."""
    engine: Literal["embedded", "docker"] = "embedded"
    """How the services run: as processes of this machine, or in containers."""
    full: bool = False
    """Whether containers also have Postgres, Redis, and workers for queries, alerts and reports."""
    host: str = "127.0.0.1"
    """The address that every service binds to, or that its container's port is published on."""
    clickhouse_port: int = Field(default=8123, ge=1, le=65535)
    ralph_port: int = Field(default=8100, ge=1, le=65535)
    superset_port: int = Field(default=8088, ge=1, le=65535)
    vector_port: int = Field(default=8687, ge=1, le=65535)
    vector: bool = False
    """Whether containers also have Vector, which takes lines of logs over HTTP at `vector_port`."""
    clickhouse_binary: str = "clickhouse"
    """A real server of this name on PATH is used instead of the embedded engine; empty: never."""
    cluster: str = ""
    """Name of the ClickHouse cluster; empty on one node."""
    locales: Annotated[tuple[str, ...], NoDecode] = ()
    """Languages, besides English, that dashboards are shown in: codes with commas, such as `es,ar`; each needs a
    catalogue in `assets/locale`."""
    pii: bool = False
    """Whether names, e-mail addresses and the like may be stored and shown."""
    tracking_logs: str = ""
    """Tracking logs that the stack follows: paths or patterns with spaces between; empty: none."""
    lms_url: str = "http://localhost:18000"
    """The URL of the Open edX LMS, as it stands in statements."""
    lms_api_url: str = ""
    """The URL at which the services here reach the LMS; `lms_url` unless set."""
    lms_client_id: str = ""
    """The id of Superset as an OAuth client of the LMS; with it people sign in through the LMS, empty: with passwords.
    The client's secret is `LMS_CLIENT_SECRET` in `<state>/secrets.env`."""
    lms_keys: str = ""
    """Address or file of the public keys (JWKS) of the LMS's tokens; `<lms_api_url>/oauth2/jwks.json` unless set."""
    lms_issuer: str = ""
    """Who the LMS's tokens say made them; `<lms_url>/oauth2` unless set."""
    lms_audience: str = ""
    """Whom the LMS's tokens say they are for; `lms_client_id` unless set."""
    lms_scope: str = ""
    """What Superset asks the LMS to tell of a person; `user_id profile email` unless set."""
    superset_public_url: str = ""
    """Superset's address as browsers see it; the LMS sends people back to `<that>/oauth-authorized/lms`."""
    course_access_file: Path | None = None
    """Which person may see which courses, in YAML; `<state>/superset/course_access.yaml` unless
    set."""
    embed_origins: str = ""
    """Sites that may show embedded dashboards, such as `https://lms.example.org`, with spaces between; empty: none."""
    smtp_host: str = ""
    """The mail server that takes alerts and reports; empty: they are made and go nowhere."""
    smtp_port: int = Field(default=25, ge=1, le=65535)
    smtp_from: str = ""
    """The address that they come from."""
    smtp_user: str = ""
    """Whom to sign in as; the password is `SMTP_PASSWORD` in `<state>/secrets.env`."""
    smtp_starttls: bool = False
    start_timeout: int = Field(default=180, ge=5)
    """Seconds that `dev.up` waits for a service to become healthy."""
    retention_raw_months: Kept = "forever"
    """Whole months that raw statements are kept, besides the month under way; `forever` keeps all."""
    retention_events_months: Kept = "forever"
    """Whole months that typed events are kept, besides the month under way."""
    retention_rollups_months: Kept = "forever"
    """Whole months that each learner's days of activity are kept, besides the month under way."""
    retention_system_logs_days: Kept = "forever"
    """Days that ClickHouse's own logs are kept; they go by months."""
    image_registry: str = "docker.io/aspects/"
    """Registry and folder of the services' images, with the slash at the end."""
    image_version: str = __version__
    """Their tag."""
    image_network: str = ""
    """The network that images are built in, such as `host`; the engine's own unless set."""
    image_arguments: str = ""
    """Build arguments, such as `UV_DEFAULT_INDEX=https://packages.example.org/simple`, with spaces between."""
    compose_files: str = ""
    """More Compose files, laid over this repository's: paths with spaces between."""
    free_space_mb: int = Field(default=500, ge=0)
    """Megabytes that must be free under `state` before anything starts."""
    bench_folder: Path | None = None
    """Where `bench --only queries` keeps its warehouse for the next time; `<state>/bench` unless set."""
    bench_events: int = Field(default=10_000_000, ge=1000)
    """How many events that warehouse has."""
    bench_copies: int = Field(default=1, ge=1, le=100)
    """How often it has each of its courses, so that it has that many times the events."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("locales", mode="before")
    @classmethod
    def _codes(cls, value: object) -> object:
        return tuple(value.replace(",", " ").split()) if isinstance(value, str) else value

    @cached_property
    def envs(self) -> Path:
        """The folder of the services' Python environments."""
        return self.environments or self.state / "envs"

    @property
    def on_cluster(self) -> str:
        """What follows a name in SQL that changes a table or a user on every node; nothing without a cluster."""
        return f" on cluster '{self.cluster}'" if self.cluster else ""

    @property
    def clickhouse_url(self) -> str:
        return f"http://{self.host}:{self.clickhouse_port}"

    @property
    def ralph_url(self) -> str:
        return f"http://{self.host}:{self.ralph_port}"

    @property
    def superset_url(self) -> str:
        return f"http://{self.host}:{self.superset_port}"

    @property
    def inside(self) -> Settings:
        """As the services themselves see them: for a container ClickHouse has another address."""
        return self.model_copy(update=CLICKHOUSE) if self.engine == "docker" else self

    @property
    def access_file(self) -> Path:
        """Which person may see which courses."""
        return self.course_access_file or self.service_state("superset") / "course_access.yaml"

    def port(self, service: str) -> int:
        """The port of a service by its name; KeyError when it has none."""
        try:
            return int(getattr(self, f"{service}_port"))
        except AttributeError as error:
            raise KeyError(service) from error

    def service_state(self, service: str) -> Path:
        """The folder where a service keeps its data."""
        return self.state / service


def load(**overrides: object) -> Settings:
    """The settings in force: the environment, then `.env`, then those that the running stack was started with.

    Raises AspectsError (`settings.invalid`) that names each variable that cannot be used.
    """
    try:
        given = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
        recorded = _recorded(given.state)
        if not recorded:
            return given
        return Settings(**(recorded | given.model_dump(include=given.model_fields_set)))
    except ValidationError as error:
        wrong = "; ".join(
            f"{PREFIX}{str(item['loc'][0]).upper()}={item['input']!r}: {item['msg']}" for item in error.errors()
        )
        raise AspectsError(
            "A setting cannot be used.",
            why=wrong,
            fix="Correct it in the environment or in .env.",
            code="settings.invalid",
            status=2,
        ) from error


def load_recorded(state: Path) -> Settings:
    """The settings that the stack in this state folder was started with, whatever the environment says now."""
    return Settings(**(_recorded(state) | {"state": state}))


def record(settings: Settings) -> None:
    """Keep the settings for the processes of the stack and for later commands."""
    file = _record_file(settings.state)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(settings.model_dump_json(exclude={"state", "root"}))


def forget(state: Path) -> None:
    """The stack is down: later commands follow the environment alone."""
    _record_file(state).unlink(missing_ok=True)


def _record_file(state: Path) -> Path:
    return state / "run" / "settings.json"


def _recorded(state: Path) -> dict[str, Any]:
    file = _record_file(state)
    return dict(json.loads(file.read_text())) if file.exists() else {}
