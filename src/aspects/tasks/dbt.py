"""The models that dashboards read."""

from __future__ import annotations

from dataclasses import asdict

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.tasks.base import task
from aspects.warehouse import dbt
from aspects.warehouse.plan import Plan

SELECT = "Only these, in dbt's own words: a name, a folder, name+ for all that depends on it. Several: a comma between."


@task(
    help={
        "select": SELECT,
        "full_refresh": "Build every table anew from the statements. Readers see the old one until it is done.",
        "plan": "Say what would be rebuilt, why, and how much that is, and do nothing.",
        "accept_loss": "Rebuild tables even where retention has deleted rows that only they still count.",
    }
)
def run(
    context: Context,
    select: str = "",
    full_refresh: bool = False,
    plan: bool = False,
    accept_loss: bool = False,
    json: bool = False,
) -> None:
    """Build the models of dbt/ into the warehouse; says first which tables will be rebuilt, and rebuilds only those."""
    console = Console(json)
    settings = settings_module.load()
    selected = select.replace(",", " ").split()
    if plan:
        with console.phase("Compare the models with the warehouse"):
            planned = dbt.plan(settings, selected, full_refresh)
        _announce(console, planned)
        console.result(_plan_as_dict(planned))
        return
    with console.phase("Build the models") as phase:
        result = dbt.run(
            settings,
            selected,
            full_refresh,
            accept_loss=accept_loss,
            announce=lambda planned: _announce(console, planned),
        )
        phase.note(f"{result.built} models")
    console.result(asdict(result))


def _announce(console: Console, plan: Plan) -> None:
    """What a run will do, for a person to read before it begins."""
    if not plan.rebuilds:
        console.say(f"No table has to be rebuilt; {plan.views} views are replaced.")
        return
    seconds = "an unknown time" if plan.seconds is None else f"about {plan.seconds:,.0f} s"
    console.say(
        f"{_tables(plan)} will be rebuilt: {plan.rows:,} rows to read, {seconds};"
        f" {plan.views} views are replaced. Readers see the old tables until the new ones are complete."
    )
    if not console.json:
        rows = [
            (
                each.model,
                each.reason,
                ", ".join(each.reads),
                f"{each.rows:,}",
                "?" if each.seconds is None else f"{each.seconds:,.1f}",
            )
            for each in plan.rebuilds
        ]
        console.table("", ["table", "why", "made of", "rows to read", "seconds"], rows)


def _plan_as_dict(plan: Plan) -> dict[str, object]:
    return {
        "rebuilds": [asdict(each) for each in plan.rebuilds],
        "views": plan.views,
        "rows": plan.rows,
        "seconds": plan.seconds,
    }


@task(name="test", help={"select": SELECT})
def run_tests(context: Context, select: str = "", json: bool = False) -> None:
    """Test the models: keys, enumerations, and the logic of each."""
    console = Console(json)
    with console.phase("Test the models") as phase:
        result = dbt.run_tests(settings_module.load(), select.replace(",", " ").split())
        phase.note(f"{result.built} tests")
    console.result(asdict(result))
