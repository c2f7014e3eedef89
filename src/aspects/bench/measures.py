"""What a measurement is, and the groups that there are."""

from __future__ import annotations

import operator
import os
import platform
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from aspects.errors import AspectsError
from aspects.settings import Settings

COMPARE = {"<=": operator.le, ">=": operator.ge}


@dataclass(frozen=True)
class Measure:
    """One figure. `target` is a comparison such as `<= 1.25`, empty when the figure is for reading only."""

    name: str
    value: float
    unit: str
    target: str
    met: bool | None


Group = Callable[[Settings], list[Measure]]


def measure(name: str, value: float, unit: str, target: str = "") -> Measure:
    """A figure held against its target."""
    if not target:
        return Measure(name, round(value, 3), unit, "", None)
    sign, limit = target.split()
    return Measure(name, round(value, 3), unit, target, bool(COMPARE[sign](value, float(limit))))


def machine() -> dict[str, str | int | float]:
    """The machine that the figures belong to."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "cores": os.cpu_count() or 0,
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def choose(groups: dict[str, Group], only: str) -> dict[str, Group]:
    """The named group, or all; AspectsError (`bench.unknown`) lists those that there are."""
    if not only:
        return groups
    if only not in groups:
        raise AspectsError(
            f"There is no benchmark {only!r}.", fix="One of: " + ", ".join(groups) + ".", code="bench.unknown", status=2
        )
    return {only: groups[only]}
