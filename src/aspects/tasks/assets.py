"""`inv assets.*`: Superset's charts and dashboards as files."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import asdict
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


@task(
    help={
        "dry-run": "Say what would be created, updated and removed, and change nothing.",
        "force": "Write what Superset was given already, over what was edited in Superset since.",
    }
)
def sync(context: Context, dry_run: bool = False, force: bool = False, json: bool = False) -> None:
    """Bring the charts and dashboards of assets/ into the running Superset.

    Checks them, renders them, and imports all of them or none. Ids, favourites, owners and links survive. Assets that
    assets/retired.yaml lists are removed, with their translated copies.
    """
    from aspects.assets.check import check as check_assets
    from aspects.assets.render import assets_folder, variables
    from aspects.assets.sync import sync as sync_assets

    console = Console(json=json)
    settings = load()
    secrets = load_secrets(settings)
    with console.phase("Check the assets") as phase:
        report = check_assets(assets_folder(settings), variables(settings, secrets), ignore=["T004"])
        phase.note(f"{report.assets} assets")
        if report.findings:
            raise AspectsError(
                "The assets have findings, so nothing was imported.",
                why="\n".join(f"{each.file}:{each.line}: {each.rule} {each.message}" for each in report.findings[:5]),
                fix="./inv assets.check shows all of them, and how to mend each.",
                code="assets.findings",
            )
    with console.phase("Try the import" if dry_run else "Import into Superset") as phase:
        result = sync_assets(settings, secrets, os.environ, dry_run=dry_run, force=force)
        for action in ("create", "update", "unchanged", "remove", "kept"):
            if result.count(action):
                phase.note(f"{action} {result.count(action)}")
    for change in result.changes:
        if change.action == "kept":
            console.warn(f"{change.kind[:-1]} {change.name!r} is retired and stays, as something in Superset uses it.")
        elif change.action != "unchanged":
            console.say(f"{change.action:>9}  {change.kind[:-1]:<9}  {change.name}")
    for error in result.errors:
        console.warn(f"assets/{error.file}: {error.message}" if error.file else error.message)
    console.result(result.as_dict())
    if result.errors:
        console.say("Superset took nothing: it shows what was imported before.")
        raise Exit(code=1)
    if dry_run:
        console.say("Nothing was changed; ./inv assets.sync does it.")
    else:
        console.say(f"{settings.superset_url}/dashboard/list/ shows the dashboards.")


@task(
    name="import-zip",
    help={
        "file": "A zip file that Superset exported.",
        "folder": "The folder of assets to bring it into; assets/ by default.",
        "yes": "Write without asking.",
    },
    variadic="file",
)
def import_zip(context: Context, file: list[str], folder: str = "", yes: bool = False, json: bool = False) -> None:
    """Bring a dashboard that Superset exported into the files of assets/.

    Shows what changes for readers (datasets swapped, SQL changed, columns, filters and roles lost), and asks before it
    writes. What is the same stays as it is written. Nothing is deleted.
    """
    from aspects.assets.exporting import from_zip
    from aspects.assets.render import assets_folder, variables

    console = Console(json=json)
    settings = load()
    target = Path(folder) if folder else assets_folder(settings)
    if len(file) > 1:
        raise AspectsError("One zip file at a time.", fix="Name one file.", code="assets.zip", status=2)
    brought = from_zip(Path(file[0]), target, variables(settings, load_secrets(settings)))
    for note in brought.notes:
        console.say(note)
    write = bool(brought.files) and (yes or console.confirm(f"Write {len(brought.files)} files in {target}?"))
    if write:
        brought.write(target)
    console.result({"files": [each.file for each in brought.files], "notes": brought.notes, "written": write})
    if not brought.files:
        console.say("The files say the same already.")
    elif write:
        console.say(f"{len(brought.files)} files written; git diff shows them, ./inv assets.check judges them.")
    else:
        console.say(f"Nothing was written; --yes writes {len(brought.files)} files.")
        raise Exit(code=1)


@task(
    help={
        "slug": "Dashboards by slug, such as course-dashboard; those that have a file, unless given.",
        "folder": "The folder of assets to write to; assets/ by default.",
    },
    variadic="slug",
    at_least=0,
)
def export(context: Context, slug: list[str], folder: str = "", json: bool = False) -> None:
    """Write dashboards as they are in the running Superset into the files of assets/.

    What is the same stays as it is written, so that git diff shows what was edited in Superset and nothing else. SQL
    goes back into queries/. Nothing is deleted.
    """
    from aspects.assets.exporting import from_superset
    from aspects.assets.render import assets_folder, variables
    from aspects.assets.source import load_assets
    from aspects.assets.superset_client import SupersetClient

    console = Console(json=json)
    settings = load()
    secrets = load_secrets(settings)
    values = variables(settings, secrets)
    target = Path(folder) if folder else assets_folder(settings)
    slugs = slug or [
        str(item.data["slug"]) for item in load_assets(target, values).of("dashboards") if "slug" in item.data
    ]
    user, password = secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    with console.phase("Ask Superset") as phase, SupersetClient(settings.superset_url, user, password) as client:
        brought = from_superset(client, slugs, target, values)
        phase.note(f"{len(slugs)} dashboards")
    for note in brought.notes:
        console.say(note)
    brought.write(target)
    console.result({"files": [each.file for each in brought.files], "notes": brought.notes})
    console.say(f"{len(brought.files)} files written." if brought.files else "The files say the same already.")


@task(help={"yes": "Remove them without asking."})
def prune(context: Context, yes: bool = False, json: bool = False) -> None:
    """List what Superset holds and no file in assets/ describes, and remove it after asking.

    Dashboards and charts that people made in Superset are among it: export what should stay.
    """
    from aspects.assets.prune import remove, strays
    from aspects.assets.render import assets_folder, variables
    from aspects.assets.source import load_assets
    from aspects.assets.superset_client import SupersetClient

    console = Console(json=json)
    settings = load()
    secrets = load_secrets(settings)
    assets = load_assets(assets_folder(settings), variables(settings, secrets))
    if assets.findings:
        raise AspectsError(
            "The files have errors, so it is not known what they describe.",
            why=f"{assets.findings[0].file}: {assets.findings[0].message}",
            fix="./inv assets.check shows all of them.",
            code="assets.findings",
        )
    user, password = secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    removed = []
    with SupersetClient(settings.superset_url, user, password) as client:
        found = strays(client, assets)
        for stray in found:
            console.say(f"{stray.kind:<9}  {stray.uuid}  {stray.name}")
        if found and (yes or console.confirm(f"Remove these {len(found)} from Superset?")):
            removed = list(remove(client, found))
    console.result({"found": [asdict(each) for each in found], "removed": len(removed)})
    if not found:
        console.say("Superset holds what the files describe, and nothing else.")
    elif removed:
        console.say(f"{len(removed)} removed.")
    else:
        console.say(f"{len(found)} found, nothing was removed; --yes removes them.")


@task(
    help={
        "dashboard": "The slug of one dashboard; all of them unless given.",
        "budget": "Fail when a chart takes longer than this many seconds.",
    }
)
def perf(context: Context, dashboard: str = "", budget: float = 0.0, json: bool = False) -> None:
    """Run the query of every chart through Superset, and list the charts with the slowest first.

    Memory and rows are those of the engine's own log of queries, where it keeps one.
    """
    from aspects.assets.engine import Engine, EngineUnreachableError
    from aspects.assets.perf import measure
    from aspects.assets.superset_client import SupersetClient

    console = Console(json=json)
    settings = load()
    if budget < 0:
        raise AspectsError(f"A budget of {budget} s is none.", fix="Name seconds.", code="assets.budget", status=2)
    secrets = load_secrets(settings)
    try:
        engine = Engine.of(settings, secrets["CLICKHOUSE_REPORT_PASSWORD"])
    except EngineUnreachableError as error:
        engine = None
        console.warn(f"No engine answers, so there is no memory and there are no rows ({error}).")
    user, password = secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    with ExitStack() as closing_later:
        client = closing_later.enter_context(SupersetClient(settings.superset_url, user, password))
        if engine:
            closing_later.callback(engine.close)
        slugs = [client.dashboard(dashboard).slug] if dashboard else [each.slug for each in client.dashboards()]
        counter = closing_later.enter_context(console.progress("Run the charts", unit="charts"))
        charts = measure(client, slugs, engine, counter.advance)
    console.table(
        "",
        ("seconds", "MB", "rows read", "dashboard", "chart"),
        [
            (
                f"{each.seconds:.3f}",
                "-" if each.memory_bytes is None else f"{each.memory_bytes / 1e6:.1f}",
                "-" if each.read_rows is None else f"{each.read_rows:,}",
                each.dashboard,
                each.chart,
            )
            for each in charts
        ],
    )
    console.result({"charts": [asdict(each) for each in charts]})
    failed = [each for each in charts if each.error]
    slow = [each for each in charts if budget and each.seconds > budget]
    for each in failed:
        console.warn(f"{each.dashboard}: {each.chart}: {each.error}")
    if slow:
        console.warn(f"{len(slow)} of {len(charts)} charts take longer than {budget:g} s.")
    if failed or slow:
        raise Exit(code=1)


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
