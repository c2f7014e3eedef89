"""What belongs between the services' starts: the dashboards and the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aspects.assets.render import render_bundle
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack import lifecycle
from aspects.stack.compose import share
from aspects.stack.lifecycle import Phases, StackStatus, Step
from aspects.stack.secrets import load_secrets
from aspects.warehouse import dbt
from aspects.warehouse.client import connect
from aspects.warehouse.migrate import migrate
from aspects.warehouse.query import query
from aspects.warehouse.refresh import lag_seconds, refresh

DEMO_STATEMENTS = 10_000


@dataclass(frozen=True)
class Started:
    """The stack as it is now, and the ground truth of the demo course if one was asked for."""

    status: StackStatus
    truth: Path | None = None


def start_stack(settings: Settings, phases: Phases, demo: bool = False) -> Started:
    """Bring the stack up with everything in it up to date; raises what `lifecycle.up` raises."""
    made: list[Path] = []
    steps = [
        Step("Render the dashboards", (), lambda: _render(settings)),
        Step("Migrate the warehouse", ("clickhouse",), lambda: _migrate(settings)),
        Step("Build the models", ("clickhouse",), lambda: _build(settings)),
    ]
    if demo:
        steps.append(Step("Add generated courses", ("clickhouse",), lambda: _demo(settings, made)))
    status = lifecycle.up(settings, steps, phases)
    return Started(status, made[0] if made else None)


def refused_statements(settings: Settings) -> int | None:
    """How many statements the warehouse refused; nothing when it cannot be asked."""
    try:
        answer = query(settings, "select count() from reporting.refused_statements")
    except AspectsError:
        return None
    return int(answer.rows[0][0])


def refresh_lag(settings: Settings) -> float | None:
    """Seconds that the refreshed tables are behind the statements; nothing when the warehouse cannot be asked."""
    try:
        return lag_seconds(settings)
    except AspectsError:
        return None


def _render(settings: Settings) -> str:
    bundle = render_bundle(settings, load_secrets(settings), settings.service_state("superset") / "bundle")
    if settings.engine == "docker":
        share(settings)
    return ", ".join(f"{count} {kind}" for kind, count in bundle.counts.items())


def _migrate(settings: Settings) -> str:
    result = migrate(settings)
    return f"{len(result.applied)} new" if result.applied else "up to date"


def _demo(settings: Settings, made: list[Path]) -> str:
    # Imported here: every command loads this module, and the generator takes longer to load than all the rest.
    from aspects.fake.course import Scenario
    from aspects.fake.produce import produce
    from aspects.fake.sinks import ClickHouseSink

    scenario = Scenario(seed=1, end=datetime.now(UTC).date(), lms_url=settings.lms_url)
    truth = settings.state / "truth" / f"demo-{scenario.end.isoformat()}.json"
    sink = ClickHouseSink(
        connect(settings, user="lrs"), connect(settings, user="sink"), notes=settings.state / "inserts"
    )
    produced = produce(scenario, DEMO_STATEMENTS, 1, sink, truth, settings.pii, lambda count: None)
    made.append(produced.truth)
    refresh(settings)  # whoever opens a dashboard as soon as the stack is up sees all of it
    return f"{produced.courses} courses, {produced.enrollments} enrollments, {produced.statements:,} statements"


def _build(settings: Settings) -> str:
    result = dbt.run(settings, always=False)
    return "unchanged" if result.unchanged else f"{result.built} models"
