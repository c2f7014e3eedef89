"""The models that dashboards read."""

from __future__ import annotations

from dataclasses import asdict

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.tasks.base import task
from aspects.warehouse import dbt

SELECT = "Only these, in dbt's own words: a name, a folder, name+ for all that depends on it. Several: a comma between."


@task(
    help={
        "select": SELECT,
        "full_refresh": "Build every table anew from the statements. Readers see the old one until it is done.",
    }
)
def run(context: Context, select: str = "", full_refresh: bool = False, json: bool = False) -> None:
    """Build the models of dbt/ into the warehouse; tables whose model has changed are rebuilt."""
    console = Console(json)
    with console.phase("Build the models") as phase:
        result = dbt.run(settings_module.load(), select.replace(",", " ").split(), full_refresh)
        phase.note(f"{result.built} models")
    console.result(asdict(result))


@task(name="test", help={"select": SELECT})
def run_tests(context: Context, select: str = "", json: bool = False) -> None:
    """Test the models: keys, enumerations, and the logic of each."""
    console = Console(json)
    with console.phase("Test the models") as phase:
        result = dbt.run_tests(settings_module.load(), select.replace(",", " ").split())
        phase.note(f"{result.built} tests")
    console.result(asdict(result))
