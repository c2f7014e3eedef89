"""The stack on this machine."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.stack import doctor as doctoring
from aspects.stack import lifecycle
from aspects.stack.start import refresh_lag, refused_statements, start_stack
from aspects.tasks.base import task


@task(
    help={
        "demo": "Add small generated courses, so that the dashboards have something to show.",
        "full": "With Postgres, Redis, and workers for queries, alerts and reports; containers only.",
        "engine": "How the services run: embedded (processes of this machine, unless ASPECTS_ENGINE says otherwise) or "
        "docker (containers).",
    }
)
def up(context: Context, demo: bool = False, engine: str = "", full: bool = False, json: bool = False) -> None:
    """Start the stack, and show where everything is.

    Installs the services' environments (or builds their images) on first use, then starts ClickHouse, Ralph and
    Superset, brings the warehouse and the dashboards up to date, and waits until all of them are healthy.
    """
    console = Console(json)
    if engine not in ("", "embedded", "docker"):
        raise AspectsError(
            f"There is no engine {engine!r}.",
            fix="Use --engine embedded or --engine docker.",
            code="stack.engine",
            status=2,
        )
    asked: dict[str, object] = ({"engine": engine} if engine else {}) | ({"full": True} if full else {})
    settings = settings_module.load(**asked)
    if settings.full and settings.engine != "docker":
        raise AspectsError(
            "The full stack runs in containers only.",
            fix="./inv dev.up --engine docker --full",
            code="stack.engine",
            status=2,
        )
    before = lifecycle.status(settings)
    if before.state == "up" and not demo:
        console.say("The stack is up already.")
    started = start_stack(settings, console.phase, demo)
    _show(console, started.status, truth=started.truth)


@task()
def down(context: Context, json: bool = False) -> None:
    """Stop the stack; data stays."""
    console = Console(json)
    settings = settings_module.load()
    with console.phase("Stop the stack") as phase:
        if not lifecycle.down(settings):
            phase.note("nothing was running")
    console.result({"state": "down"})


@task()
def status(context: Context, json: bool = False) -> None:
    """Show what runs, where, and with which login."""
    settings = settings_module.load()
    found = lifecycle.status(settings)
    if found.state == "down":
        _show(Console(json), found)
    else:
        _show(Console(json), found, refused_statements(settings), refresh_lag(settings))


@task(
    name="logs",
    variadic="services",
    at_least=0,
    help={
        "services": "Names of services; all of them unless given.",
        "lines": "How many of the last lines to show.",
        "follow": "Go on showing new lines until Ctrl-C.",
    },
)
def show_logs(context: Context, services: list[str], lines: int = 20, follow: bool = False) -> None:
    """Show the services' logs."""
    console = Console()
    for line in lifecycle.read_logs(settings_module.load(), services, lines, follow):
        console.say(line)


@task()
def doctor(context: Context, json: bool = False) -> None:
    """Look at the machine and the stack, and say what to mend."""
    console = Console(json)
    checks = doctoring.examine(settings_module.load())
    rows = [("✓" if check.ok else "✗" if check.required else "!", check.name, check.found) for check in checks]
    if not json:
        console.table("", ["", "what", "found"], rows)
    for check in checks:
        if not check.ok:
            console.warn(f"{check.name}: {check.fix}")
    console.result({"checks": checks})
    if any(check.required and not check.ok for check in checks):
        raise AspectsError("Something must be mended first.", fix="See the lines above.", code="stack.doctor")


@task(help={"yes": "Do not ask.", "environments": "Delete the installed Python environments too."})
def reset(context: Context, yes: bool = False, environments: bool = False, json: bool = False) -> None:
    """Stop the stack and delete its data, logs and passwords."""
    console = Console(json)
    settings = settings_module.load()
    if not yes and not console.confirm(f"Delete all data of the stack in {settings.state}?"):
        raise AspectsError(
            "Nothing was deleted.", fix="./inv dev.reset --yes deletes without asking.", code="stack.reset"
        )
    with console.phase("Delete the stack's data") as phase:
        gone = lifecycle.reset(settings, keep_environments=not environments)
        phase.note(", ".join(path.name for path in gone) or "there was none")
    console.result({"deleted": [str(path) for path in gone]})


def _show(
    console: Console,
    status: lifecycle.StackStatus,
    refused: int | None = None,
    lag: float | None = None,
    truth: Path | None = None,
) -> None:
    if not console.json:
        rows = [
            (
                service.name,
                service.state,
                service.url if service.state != "stopped" else "",
                f"{service.login['user']} / {service.login['password']}" if service.login else "",
            )
            for service in status.services
        ]
        console.table(f"The stack is {status.state}.", ["service", "state", "address", "user / password"], rows)
        if refused:
            console.warn(f"{refused:,} statements were refused; see the Operator Dashboard or ./inv warehouse.sql.")
        if lag is not None:
            console.say(f"The newest statements are {lag:,.1f} s away from every table that is made of them.")
        if status.state == "down":
            console.say("→ ./inv dev.up starts it.")
        if status.state == "degraded":
            console.say("→ ./inv dev.up starts what is missing; ./inv dev.logs SERVICE says why it stopped.")
    more = {"refused_statements": refused, "refresh_lag_seconds": lag, "truth": truth}
    console.result(status.as_dict() | {name: value for name, value in more.items() if value is not None})
