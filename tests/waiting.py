"""Waiting for what comes by itself, within seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SECONDS_TO_A_CHART = 5
"""From the answer of Ralph to the data of a chart, and from the publish of a course to its name there."""


def wait_for(expected: Any, look: Callable[[], Any], seconds: float = SECONDS_TO_A_CHART) -> None:
    until = time.monotonic() + seconds
    found = look()
    while found != expected and time.monotonic() < until:
        time.sleep(0.1)
        found = look()
    assert found == expected
