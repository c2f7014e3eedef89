"""`inv assets.*`: Superset's charts and dashboards as files."""

from __future__ import annotations

import os
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import load
from aspects.stack.secrets import load_secrets
from aspects.tasks.base import task


@task(
    help={
        "folder": "A folder of Superset assets, such as an unpacked export; assets/ by default.",
        "select": "Only these rules, by code or its start, with commas: S,R001.",
        "ignore": "Not these rules, likewise.",
        "fix": "Mend what is safe to mend, and say what was done.",
    },
    variadic="folder",
    at_least=0,
)
def check(
    context: Context, folder: list[str], select: str = "", ignore: str = "", fix: bool = False, json: bool = False
) -> None:
    """Check every chart, dataset and dashboard, and prepare their SQL on the running engine.

    docs/rules/ explains each rule. assets/accepted.yaml lists findings that are meant so, with the reasons.
    """
    from aspects.assets.check import check_here
    from aspects.assets.rules.registry import RULES

    console = Console(json=json)
    report = check_here(load(), Path(folder[0]) if folder else None, _codes(select), _codes(ignore), fix)
    for finding in report.mended:
        words = finding.edit.says if finding.edit else ""
        console.say(f"{finding.file}:{finding.line}: {finding.rule} mended: {words}")
    for finding in report.findings:
        console.say(f"{finding.file}:{finding.line}: {finding.rule} {finding.message}")
        console.say(f"    → {finding.fix} ({RULES[finding.rule].page})")
    if report.skipped:
        console.warn(f"Not checked, as no engine answers: {', '.join(report.skipped)} ({report.why_skipped}).")
        console.warn("Start it with ./inv dev.up, and check again.")
    console.result(
        {
            "assets": report.assets,
            "findings": [finding.as_dict() for finding in report.findings],
            "skipped": report.skipped,
            "mended": [finding.as_dict() for finding in report.mended],
        }
    )
    if report.findings:
        console.say(f"Findings: {len(report.findings)}, assets: {report.assets}. docs/rules/ explains each rule.")
        if not fix and any(finding.edit for finding in report.findings):
            console.say("./inv assets.check --fix mends some of them.")
        raise Exit(code=1)
    console.say(f"{report.assets} assets, nothing found.")


@task()
def sync(context: Context, json: bool = False) -> None:
    """Bring the charts and dashboards of assets/ into the running Superset.

    Checks them, renders them, and imports all of them or none. Ids, favourites and links survive.
    """
    from aspects.assets.check import check as check_assets
    from aspects.assets.render import assets_folder, variables
    from aspects.assets.sync import sync as sync_assets

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


@task(
    help={
        "dashboard": "The slug of the dashboard, such as course-dashboard; all of them unless given.",
        "width": "The width of the window in pixels.",
        "out": "The folder for the pictures; screenshots/ in the state folder unless given.",
    }
)
def shot(context: Context, dashboard: str = "", width: int = 1440, out: str = "", json: bool = False) -> None:
    """Take a picture of dashboards in a real browser, and fail when a chart shows an error."""
    from aspects.assets.browser import open_browser
    from aspects.assets.superset_client import SupersetClient

    console = Console(json=json)
    settings = load()
    if not 320 <= width <= 4000:
        raise AspectsError(f"A window cannot be {width} pixels wide.", fix="Use 320 to 4000.", code="assets.width")
    secrets = load_secrets(settings)
    user, password = secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    folder = Path(out) if out else settings.state / "screenshots"
    with SupersetClient(settings.superset_url, user, password) as client:
        slugs = [client.dashboard(dashboard).slug] if dashboard else [each.slug for each in client.dashboards()]
    seen = []
    with open_browser(settings.superset_url, user, password) as browser:
        for slug in slugs:
            with console.phase(f"Open {slug}") as phase:
                page = browser.dashboard(slug, image=folder / f"{slug}-{width}.png", width=width)
                phase.note(f"{len(page.charts)} charts")
            seen.append(page)
            console.say(str(page.image))
            for failure in page.failures:
                console.warn(f"{slug}: {failure}")
    shots = [{"dashboard": page.slug, "image": str(page.image), "failures": page.failures} for page in seen]
    console.result({"shots": shots})
    if any(page.failures for page in seen):
        raise Exit(code=1)


def _codes(text: str) -> list[str]:
    return [code for code in text.replace(",", " ").split() if code]


@task(
    help={
        "locale": "One language, such as es; all that have a catalogue unless given. A new one is begun.",
        "check": "Change nothing; fail when a translation is missing.",
    }
)
def translate(context: Context, locale: str = "", check: bool = False, json: bool = False) -> None:
    """Bring the catalogues of messages up to date with the texts of charts and dashboards.

    Translators fill in assets/locale/LOCALE.po; the setting ASPECTS_LOCALES=es,fr shows these languages.
    """
    from aspects.assets import translate as catalogues
    from aspects.assets.render import load_here

    console = Console(json=json)
    assets = load_here(load())
    wanted = [locale] if locale else catalogues.locales(assets.folder)
    if not check:
        for name in wanted:
            catalogues.update(assets, name)
    covered = [catalogues.coverage(assets, name) for name in wanted]
    for each in covered:
        console.say(f"{each.locale}: {each.messages - len(each.missing)} of {each.messages} messages")
        for text in each.missing[:5]:
            console.warn(f"{each.locale} has no translation of {text!r}")
        for text in each.broken:
            console.warn(f"{each.locale} has other links or code than {text!r}")
        for text in each.obsolete:
            console.warn(f"{each.locale} has a message that is used no more: {text!r}")
    console.result({"locales": covered})
    if any(each.broken or (check and (each.missing or each.obsolete)) for each in covered):
        raise Exit(code=1)
