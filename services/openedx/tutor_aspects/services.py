"""The services as Compose and Kubernetes run them, out of the same facts that the embedded stack starts them with
(`service.yaml` in each service's folder)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bcrypt
import jinja2
import yaml

HERE = Path(__file__).parent
PLACES = {
    "ralph": "ralph",
    "superset": "services/superset",
    "refresh": "services/refresh",
    "clickhouse": "services/clickhouse",
}
APP = "/app"
STATE = "/data"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - inside a container, whose network is private
PASSWORDS = ("ADMIN", "LRS", "SINK", "DBT", "REPORT", "RETENTION", "USAGE", "PRIVACY")
_jinja = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)


@dataclass(frozen=True)
class Container:
    """A service as it runs in a container."""

    name: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    port: int = 0
    health: str = ""
    data: bool = True
    needs: tuple[str, ...] = ()


def facts(name: str) -> dict[str, Any]:
    """A service's facts: those of the package that is installed, or of the checkout that this is in."""
    copied = HERE / "services" / name / "service.yaml"
    file = copied if copied.exists() else HERE.parents[2] / PLACES[name] / "service.yaml"
    return dict(yaml.safe_load(file.read_text()))


def secrets(config: Mapping[str, Any]) -> dict[str, str]:
    """The stack's secrets by the names that its services know."""
    found = {f"CLICKHOUSE_{name}_PASSWORD": config[f"ASPECTS_CLICKHOUSE_{name}_PASSWORD"] for name in PASSWORDS}
    same = ("RALPH_USER", "RALPH_PASSWORD", "SUPERSET_ADMIN_USER", "SUPERSET_ADMIN_PASSWORD", "SUPERSET_SECRET_KEY")
    found |= {name: config[f"ASPECTS_{name}"] for name in (*same, "LMS_CLIENT_SECRET")}
    return {name: str(value) for name, value in found.items()}


def settings(config: Mapping[str, Any]) -> SimpleNamespace:
    """The stack's settings by the names that its services know."""
    scheme = "https" if config["ENABLE_HTTPS"] else "http"
    lms = f"{scheme}://{config['LMS_HOST']}"
    return SimpleNamespace(
        host=config["ASPECTS_CLICKHOUSE_HOST"],
        state=Path(STATE),
        clickhouse_port=config["ASPECTS_CLICKHOUSE_PORT"],
        cluster=config["ASPECTS_CLUSTER"],
        locales=tuple(filter(None, str(config["ASPECTS_LOCALES"]).split(","))),
        pii=config["ASPECTS_PII"],
        course_access_file=None,
        embed_origins=lms,
        superset_public_url=f"{scheme}://{config['ASPECTS_SUPERSET_HOST']}",
        lms_url=lms,
        lms_api_url="http://lms:8000",
        lms_client_id=config["ASPECTS_LMS_CLIENT_ID"],
        lms_keys="",
        lms_issuer="",
        lms_audience="",
        lms_scope="",
        full=False,
        smtp_host="",
        smtp_port=25,
        smtp_from="",
        smtp_user="",
        smtp_starttls=False,
    )


def containers(config: Mapping[str, Any]) -> list[Container]:
    """The services that these settings ask for."""
    found = []
    if config["ASPECTS_RUN_CLICKHOUSE"]:
        found.append(_clickhouse(config))
    if config["ASPECTS_RUN_RALPH"]:
        found.append(_ours("ralph", config["ASPECTS_DOCKER_IMAGE_RALPH"], config))
    if config["ASPECTS_RUN_SUPERSET"]:
        found.append(_ours("superset", config["ASPECTS_DOCKER_IMAGE_SUPERSET"], config))
    return [*found, _ours("refresh", config["ASPECTS_DOCKER_IMAGE_CLI"], config)]


def cli_environment(config: Mapping[str, Any]) -> dict[str, str]:
    """What the commands are told of the stack; passwords come as a file."""
    told = settings(config)
    return {
        "ASPECTS_STATE": STATE,
        "ASPECTS_HOST": told.host,
        "ASPECTS_CLICKHOUSE_PORT": str(told.clickhouse_port),
        "ASPECTS_CLUSTER": told.cluster,
        "ASPECTS_LOCALES": ",".join(told.locales),
        "ASPECTS_PII": str(told.pii).lower(),
        "ASPECTS_LMS_URL": told.lms_url,
    }


def ralph_users(config: Mapping[str, Any]) -> str:
    """Ralph's file of users: the one template that embedded mode renders as well."""
    folder = HERE / "services" / "ralph"
    folder = folder if folder.exists() else HERE.parents[2] / "ralph"
    template = _jinja.from_string((folder / "auth.json.j2").read_text())
    return template.render(secrets=secrets(config), settings=settings(config), bcrypt=_hashed)


def _hashed(password: str) -> str:
    """The same for the same password, so that saving the configuration twice gives the same files."""
    salt = b64encode(sha256(password.encode()).digest(), altchars=b"./")[:21]
    return bcrypt.hashpw(password.encode(), b"$2b$12$" + salt + b"e").decode()


def _clickhouse(config: Mapping[str, Any]) -> Container:
    """The official server; migrations make its users, and only the administrator is there from the start."""
    return Container(
        name="clickhouse",
        image=config["ASPECTS_DOCKER_IMAGE_CLICKHOUSE"],
        command=(),
        environment={
            "CLICKHOUSE_USER": "admin",
            "CLICKHOUSE_PASSWORD": config["ASPECTS_CLICKHOUSE_ADMIN_PASSWORD"],
            "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT": "1",
        },
        port=facts("clickhouse")["port"],
        health=facts("clickhouse")["health"],
    )


def _ours(name: str, image: str, config: Mapping[str, Any]) -> Container:
    told = facts(name)
    port = told.get("port", 0)

    def rendered(text: str) -> str:
        values = {
            "host": EVERYWHERE,
            "port": port,
            "state": STATE,
            "folder": APP,
            "python": "python",
            "settings": settings(config),
            "secrets": secrets(config),
        }
        return _jinja.from_string(str(text)).render(values)

    environment = {key: rendered(value) for key, value in told.get("environment", {}).items()}
    if name == "refresh":
        environment |= cli_environment(config)
    runs_here = {"clickhouse": config["ASPECTS_RUN_CLICKHOUSE"]}
    return Container(
        name=name,
        image=image,
        command=tuple(rendered(word) for word in told["command"]),
        environment=environment,
        port=port,
        health=told.get("health", "/") if port else "",
        needs=tuple(need for need in told.get("needs", []) if runs_here.get(need)),
    )
