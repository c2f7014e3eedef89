"""Runs the rules over a folder of assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from aspects.assets.accepted import read_accepted, without_accepted
from aspects.assets.dbt_tables import project_of, read_tables
from aspects.assets.engine import Engine, EngineUnreachableError
from aspects.assets.findings import Finding
from aspects.assets.fix import mend
from aspects.assets.render import assets_folder, variables
from aspects.assets.rules import access, charts, dbt, files, local, names, references, roles, sql, texts
from aspects.assets.rules.registry import RULES, Context
from aspects.assets.source import load_assets
from aspects.errors import AspectsError
from aspects.settings import ROOT, Settings
from aspects.stack.secrets import secrets_or_placeholders

FAMILIES = (files, references, names, charts, texts, access, roles, local, dbt, sql)


@dataclass(frozen=True)
class Report:
    """What a check found: how many assets it read, its findings in order, rules that could not run, and what was
    found and mended."""

    assets: int
    findings: list[Finding]
    skipped: list[str]
    why_skipped: str = ""
    mended: list[Finding] = field(default_factory=list)


def chosen(codes: Iterable[str]) -> list[str]:
    """Rules by code or by the start of codes (`S` is all of `S001`…).

    Raises AspectsError (`assets.rule`) for a code that no rule has.
    """
    found: list[str] = []
    for code in codes:
        matching = [name for name in RULES if name.startswith(code.upper())]
        if not matching:
            raise AspectsError(
                f"There is no rule {code!r}.",
                fix=f"Use one of: {', '.join(sorted(RULES))}.",
                code="assets.rule",
                status=2,
            )
        found += matching
    return found


def check_here(
    settings: Settings,
    folder: Path | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    fix: bool = False,
) -> Report:
    """Check `folder` (the repository's assets by default), with the stack's engine where it runs.

    With `fix` what is safe to mend is mended, and the report is of the files as they are then. Otherwise nothing is
    written: a stack that has no secrets yet does not get any. Raises what `check` raises.
    """
    secrets = secrets_or_placeholders(settings)
    source = folder or assets_folder(settings)
    values = variables(settings, secrets)
    try:
        engine = Engine.of(settings, secrets["CLICKHOUSE_REPORT_PASSWORD"])
    except EngineUnreachableError as error:
        report = check(source, values, None, select, ignore, fix)
        return replace(report, why_skipped=str(error))
    with closing(engine):
        return check(source, values, engine, select, ignore, fix)


def check(
    folder: Path,
    variables: Mapping[str, Any],
    engine: Engine | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    fix: bool = False,
) -> Report:
    """Check every asset under `folder` with the selected rules (all by default) that are not ignored, and with `fix`
    mend what is safe to mend.

    Without an engine the rules that need one are skipped. Raises AspectsError (`assets.folder`) when there
    are no assets.
    """
    wanted = set(chosen(select)) or set(RULES)
    wanted -= set(chosen(ignore))
    if not folder.is_dir():
        raise AspectsError(
            f"There is no folder {folder}.", fix="Name a folder of assets.", code="assets.folder", status=2
        )
    context = Context(load_assets(folder, variables), engine)
    context.tables = read_tables(project_of(context.assets.folder, ROOT))
    accepted = read_accepted(context.assets.folder, context.findings)
    if not context.assets.items and not context.assets.findings:
        raise AspectsError(
            f"There are no assets in {folder}.",
            why="It holds no YAML files in databases/, datasets/, charts/ or dashboards/.",
            fix="Name the folder that holds these, such as an unpacked Superset export.",
            code="assets.folder",
            status=2,
        )
    skipped: list[str] = []
    # The engine works on one core while the other rules are looked at on another one.
    with ThreadPoolExecutor(1) as background:
        waiting = []
        for rule in sorted(RULES.values(), key=lambda each: not each.needs_engine):
            if rule.check is None or not any(each in wanted for each in rule.together()):
                continue
            if not rule.needs_engine:
                rule.check(context)
            elif engine is None:
                skipped += [code for code in rule.together() if code in wanted]
            else:
                waiting.append(background.submit(rule.check, context))
        for work in waiting:
            work.result()
    found = [finding for finding in [*context.assets.findings, *context.findings] if finding.rule in wanted]
    findings = without_accepted(found, accepted, wanted - set(skipped))
    mended = mend(context.assets.folder, findings) if fix else []
    if mended:
        report = check(folder, variables, engine, select, ignore)
        return replace(report, mended=mended)
    return Report(len(context.assets.items), sorted(findings), sorted(skipped))
