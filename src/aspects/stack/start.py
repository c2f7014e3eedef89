"""What belongs between the services' starts: the dashboards and the warehouse."""

from __future__ import annotations

from aspects.assets.render import render_bundle
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack import lifecycle
from aspects.stack.lifecycle import Phases, StackStatus, Step
from aspects.stack.secrets import load_secrets
from aspects.warehouse import dbt
from aspects.warehouse.migrate import migrate
from aspects.warehouse.query import query


def start_stack(settings: Settings, phases: Phases) -> StackStatus:
    """Bring the stack up with everything in it up to date; raises what `lifecycle.up` raises."""
    steps = [
        Step("Render the dashboards", (), lambda: _render(settings)),
        Step("Migrate the warehouse", ("clickhouse",), lambda: _migrate(settings)),
        Step("Build the models", ("clickhouse",), lambda: _build(settings)),
    ]
    return lifecycle.up(settings, steps, phases)


def refused_statements(settings: Settings) -> int | None:
    """How many statements the warehouse refused; nothing when it cannot be asked."""
    try:
        answer = query(settings, "select count() from reporting.refused_statements")
    except AspectsError:
        return None
    return int(answer.rows[0][0])


def _render(settings: Settings) -> str:
    bundle = render_bundle(settings, load_secrets(settings), settings.service_state("superset") / "bundle")
    return ", ".join(f"{count} {kind}" for kind, count in bundle.counts.items())


def _migrate(settings: Settings) -> str:
    result = migrate(settings)
    return f"{len(result.applied)} new" if result.applied else "up to date"


def _build(settings: Settings) -> str:
    result = dbt.run(settings, always=False)
    return "unchanged" if result.unchanged else f"{result.built} models"
