"""`inv assets.*`: Superset's charts and dashboards as files."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from aspects.assets.check import check as check_assets
from aspects.assets.engine import Engine, EngineUnreachableError
from aspects.assets.render import assets_folder, variables
from aspects.assets.sync import sync as sync_assets
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import Settings, load
from aspects.stack.secrets import load_secrets, secrets_file
from aspects.tasks.base import task


@task(
    help={
        "folder": "A folder of Superset assets, such as an unpacked export; assets/ by default.",
        "select": "Only these rules, by code or its start, with commas: S,R001.",
        "ignore": "Not these rules, likewise.",
    },
    variadic="folder",
    at_least=0,
)
def check(context: Context, folder: list[str], select: str = "", ignore: str = "", json: bool = False) -> None:
    """Check every chart, dataset and dashboard, and prepare their SQL on the running engine."""
    console = Console(json=json)
    settings = load()
    secrets = _secrets(settings)
    engine, why = _engine(settings, secrets)
    source = Path(folder[0]) if folder else assets_folder(settings)
    report = check_assets(source, variables(settings, secrets), engine, _codes(select), _codes(ignore))
    for finding in report.findings:
        console.say(f"{finding.file}:{finding.line}: {finding.rule} {finding.message}\n    → {finding.fix}")
    if report.skipped:
        console.warn(f"Not checked, as no engine answers: {', '.join(report.skipped)} ({why}). Start one: ./inv dev.up")
    console.result(
        {
            "assets": report.assets,
            "findings": [finding.as_dict() for finding in report.findings],
            "skipped": report.skipped,
        }
    )
    if report.findings:
        console.say(f"Findings: {len(report.findings)}, assets: {report.assets}. docs/rules/ explains each rule.")
        raise Exit(code=1)
    console.say(f"{report.assets} assets, nothing found.")


@task()
def sync(context: Context, json: bool = False) -> None:
    """Bring the charts and dashboards of assets/ into the running Superset.

    Checks them, renders them, and imports all of them or none. Ids, favourites and links survive.
    """
    console = Console(json=json)
    settings = load()
    secrets = load_secrets(settings)
    with console.phase("Check the assets") as phase:
        report = check_assets(assets_folder(settings), variables(settings, secrets))
        phase.note(f"{report.assets} assets")
        if report.findings:
            raise AspectsError(
                "The assets have findings, so nothing was imported.",
                why="\n".join(f"{each.file}:{each.line}: {each.rule} {each.message}" for each in report.findings[:5]),
                fix="./inv assets.check shows all of them, and how to mend each.",
                code="assets.findings",
            )
    with console.phase("Import into Superset") as phase:
        result = sync_assets(settings, secrets, os.environ)
        if not result.errors:
            phase.note("unchanged" if result.unchanged else f"{result.imported} imported")
    for error in result.errors:
        console.warn(f"assets/{error.file}: {error.message}" if error.file else error.message)
    console.result(result.as_dict())
    if result.errors:
        console.say("Superset took nothing: it shows what was imported before.")
        raise Exit(code=1)
    console.say(f"{settings.superset_url}/dashboard/list/ shows the dashboards.")


def _codes(text: str) -> list[str]:
    return [code for code in text.replace(",", " ").split() if code]


def _secrets(settings: Settings) -> Mapping[str, str]:
    """The stack's secrets, or placeholders where it has none yet: a check writes nothing."""
    if secrets_file(settings).exists():
        return load_secrets(settings)
    return defaultdict(lambda: "not-set")


def _engine(settings: Settings, secrets: Mapping[str, str]) -> tuple[Engine | None, str]:
    try:
        return Engine.of(settings, secrets["CLICKHOUSE_REPORT_PASSWORD"]), ""
    except EngineUnreachableError as error:
        return None, str(error)
