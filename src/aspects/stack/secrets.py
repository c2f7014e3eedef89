"""Passwords and keys of the services: generated on first use, never committed."""

from __future__ import annotations

import os
import secrets as random
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from aspects.errors import AspectsError
from aspects.settings import Settings

GENERATED = (
    "CLICKHOUSE_ADMIN_PASSWORD",
    "CLICKHOUSE_LRS_PASSWORD",
    "CLICKHOUSE_SINK_PASSWORD",
    "CLICKHOUSE_DBT_PASSWORD",
    "CLICKHOUSE_REPORT_PASSWORD",
    "CLICKHOUSE_RETENTION_PASSWORD",
    "CLICKHOUSE_USAGE_PASSWORD",
    "CLICKHOUSE_PRIVACY_PASSWORD",
    "RALPH_PASSWORD",
    "SUPERSET_ADMIN_PASSWORD",
    "SUPERSET_SECRET_KEY",
    "POSTGRES_PASSWORD",
)
NAMES = {"RALPH_USER": "lrs", "SUPERSET_ADMIN_USER": "admin"}


def secrets_file(settings: Settings) -> Path:
    return settings.state / "secrets.env"


def load_secrets(settings: Settings) -> dict[str, str]:
    """The secrets of this stack by name.

    Missing ones are generated and added to `<state>/secrets.env` (mode 600); lines that are there are
    kept as they are, so an operator may put own values in.
    """
    file = secrets_file(settings)
    known = {name: value for name, value in dotenv_values(file, interpolate=False).items() if value}
    missing = {name: random.token_urlsafe(24) for name in GENERATED if name not in known}
    missing |= {name: value for name, value in NAMES.items() if name not in known}
    if missing:
        _append(file, missing)
    return known | missing


def _append(file: Path, values: dict[str, str]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        present = file.read_text() if file.exists() else ""
        new = file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(present + "".join(f"{name}={value}\n" for name, value in values.items()))
        new.replace(file)
    except OSError as error:
        raise AspectsError(
            "The generated passwords cannot be stored.",
            why=str(error),
            fix=f"Make {file.parent} writable, or choose another place: ASPECTS_STATE=/some/folder.",
            code="stack.secrets",
        ) from error


def secrets_or_placeholders(settings: Settings) -> Mapping[str, str]:
    """The secrets where there are any; a look at files must not make a stack's passwords."""
    there = secrets_file(settings).exists()
    return load_secrets(settings) if there else defaultdict(lambda: "not-set")
