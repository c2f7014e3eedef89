"""The models that dashboards read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.errors import AspectsError
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
        phase.note("nothing has changed" if result.unchanged else _models(result.built))
    console.result(asdict(result))


def _announce(console: Console, plan: Plan) -> None:
    """What a run will do, for a person to read before it begins."""
    if not plan.rebuilds:
        console.say(f"No table has to be rebuilt; {_count(plan.views, 'view')} replaced.")
        return
    seconds = "an unknown time" if plan.seconds is None else f"about {plan.seconds:,.0f} s"
    console.say(
        f"{_count(plan.rebuilds, 'table')} rebuilt: {plan.rows:,} rows to read, {seconds};"
        f" {_count(plan.views, 'view')} replaced. Readers see the old tables until the new ones are complete."
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


def _models(count: int) -> str:
    return "1 model" if count == 1 else f"{count} models"


def _count(found: Sequence[object], one: str) -> str:
    return f"1 {one} will be" if len(found) == 1 else f"{len(found) or 'no'} {one}s will be"


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


@task(help={"out": "The file to write; docs/index.html in the state folder of dbt unless given."})
def docs(context: Context, out: str = "", json: bool = False) -> None:
    """Write dbt's documentation of every model and column as one page, which a browser opens as it is."""
    console = Console(json)
    settings = settings_module.load()
    file = Path(out) if out else settings.service_state("dbt") / "docs" / "index.html"
    with console.phase("Write the documentation of the models") as phase:
        dbt.write_docs(settings, file)
        phase.note(f"{file.stat().st_size / 1e6:.1f} MB")
    console.say(f"→ open {file.resolve().as_uri()}")
    console.result({"file": str(file), "bytes": file.stat().st_size})


@task(
    variadic="name",
    at_least=0,
    help={
        "name": "Only what is up- and downstream of this verb, kind, table, model, dataset, chart or dashboard.",
        "out": "Write it to a file: .mmd is Mermaid, .dot is Graphviz.",
    },
)
def lineage(context: Context, name: list[str], out: str = "", json: bool = False) -> None:
    """Show which statements reach which chart: from the verb through the models to the dashboards."""
    from aspects.warehouse import lineage as way

    console = Console(json)
    forms = {".mmd": way.mermaid, ".dot": way.dot}
    if out and Path(out).suffix not in forms:
        raise AspectsError(
            f"{out} has no known form.", fix="Let its name end with .mmd or .dot.", code="dbt.form", status=2
        )
    settings = settings_module.load()
    with console.phase("Read the models and the charts"):
        found = way.read_lineage(settings)
    if name:
        found = way.narrow(found, " ".join(name))
    if out:
        Path(out).write_text(forms[Path(out).suffix](found), encoding="utf-8")
        console.say(f"{len(found.nodes)} nodes in {out}")
    elif not json:
        console.say("\n".join(way.tree(found)))
    console.result(
        {
            "nodes": [
                {"id": key, "type": one.type, "name": one.name, "title": one.title, "file": one.file}
                | {"kinds": sorted(one.kinds)}
                for key, one in found.nodes.items()
            ],
            "edges": found.edges,
        }
    )


@task(help={"offline": "Leave out what asks the running warehouse: the columns that each table really has."})
def check(context: Context, offline: bool = False, json: bool = False) -> None:
    """Check how the models are written: documentation, tests, keys, names, and what reads what."""
    from aspects.warehouse.project_check import check_project

    console = Console(json)
    with console.phase("Check the models") as phase:
        report = check_project(settings_module.load(), offline)
        phase.note(f"{report.models} models, {len(report.findings)} findings, {report.accepted} accepted")
    for one in report.findings:
        console.say(f"{one.file}: {one.rule}: {one.message}\n  → {one.fix}")
    console.result({"models": report.models, "findings": report.findings, "accepted": report.accepted})
    if report.findings:
        raise AspectsError(
            f"{len(report.findings)} findings.",
            why="Each is above, with what mends it.",
            fix="Mend it, or accept it with a reason in dbt/accepted.yml.",
            code="dbt.findings",
        )
