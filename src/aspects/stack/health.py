"""Whether a service answers, and why not."""

from __future__ import annotations

import httpx
from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.engine import Engine
from aspects.stack.services import Service

LAST_LINES = 12


def is_healthy(service: Service, settings: Settings) -> bool:
    """Whether the health address answers 200; a service without a port needs only run."""
    if not service.port:
        return True
    try:
        return httpx.get(service.url(settings, service.health), timeout=5, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def wait_until_healthy(service: Service, settings: Settings, engine: Engine) -> None:
    """Wait until the service answers.

    AspectsError (`stack.unhealthy`), with the last lines of the service's log, as soon as its process has
    given up, or when `start_timeout` seconds have passed.
    """

    def gave_up() -> bool:
        return engine.process(service.name).state in ("fatal", "exited", "unknown", "unhealthy")

    def look() -> str:
        runs = service.port or engine.process(service.name).state == "running"
        if runs and is_healthy(service, settings):
            return "healthy"
        return "failed" if gave_up() else "waiting"

    waiting = Retrying(
        retry=retry_if_result(lambda state: state == "waiting"),
        stop=stop_after_delay(settings.start_timeout),
        wait=wait_fixed(0.1),
    )
    try:
        outcome = waiting(look)
    except RetryError:
        outcome = f"not healthy after {settings.start_timeout} s (setting ASPECTS_START_TIMEOUT)"
    if outcome == "healthy":
        return
    reason = "Its process ended." if outcome == "failed" else f"It is {outcome}."
    raise AspectsError(
        f"{service.title} did not start.",
        why="\n".join([reason, "The end of its log:", *engine.last_lines(service.name, LAST_LINES)]),
        fix=f"./inv dev.logs {service.name} shows the whole log; ./inv dev.doctor looks at the machine.",
        code="stack.unhealthy",
    )
