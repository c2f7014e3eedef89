"""The plugin's settings: what they are, and what is wrong with a value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


@dataclass(frozen=True)
class Setting:
    """One setting. `default` is a value or one of Tutor's templates; secrets have none."""

    name: str
    type: str
    help: str
    default: Any = ""
    one_of: tuple[str, ...] = ()
    matches: str = ""

    @property
    def secret(self) -> bool:
        return self.type == "secret"


def read_settings() -> list[Setting]:
    """All settings, in the order in which they are shown."""
    told = yaml.safe_load((Path(__file__).parent / "settings.yaml").read_text())
    return [
        Setting(
            name=name,
            type=facts["type"],
            help=facts["help"],
            default=facts.get("default", ""),
            one_of=tuple(facts.get("one of", ())),
            matches=facts.get("matches", ""),
        )
        for name, facts in told.items()
    ]


def wrong_settings(values: Mapping[str, Any]) -> list[str]:
    """What is wrong, a line for each value; names that begin as ours do and are none of ours, too."""
    settings = read_settings()
    known = {setting.name for setting in settings}
    found = [_wrong(setting, values[setting.name]) for setting in settings if setting.name in values]
    unknown = [
        f"{name} is no setting of this plugin." for name in values if name.startswith("ASPECTS_") and name not in known
    ]
    return [line for line in found if line] + unknown


def _wrong(setting: Setting, value: Any) -> str:
    says = f"{setting.name} is {value!r}; it must be"
    if isinstance(value, str) and "{{" in value:
        return ""  # Tutor renders it later
    if setting.type == "bool":
        return "" if isinstance(value, bool) else f"{says} true or false."
    if setting.type == "port":
        right = isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
        return "" if right else f"{says} a port, from 1 to 65535."
    if not isinstance(value, str):
        return f"{says} a text."
    if setting.one_of and value not in setting.one_of:
        return f"{says} one of {', '.join(setting.one_of)}."
    if setting.matches and not re.fullmatch(setting.matches, value):
        return f"{says} of the form {setting.matches}."
    if setting.type in ("host", "domain") and not HOST.fullmatch(value):
        return f"{says} the name of a host, without http:// and without a port."
    if setting.secret and len(value) < 8:
        return f"{setting.name} has fewer than 8 characters."
    return ""
