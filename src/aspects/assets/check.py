"""Runs the rules over a folder of assets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aspects.assets.engine import Engine, EngineUnreachableError
from aspects.assets.findings import Finding
from aspects.assets.render import assets_folder, variables
from aspects.assets.rules import access, charts, files, names, references, sql, texts
from aspects.assets.rules.registry import RULES, Context
from aspects.assets.source import load_assets
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.secrets import load_secrets, secrets_file

FAMILIES = (files, references, names, charts, texts, access, sql)


@dataclass(frozen=True)
class Report:
    """What a check found: how many assets it read, its findings in order, and rules that could not run."""

    assets: int
    findings: list[Finding]
    skipped: list[str]
    why_skipped: str = ""


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
    settings: Settings, folder: Path | None = None, select: Iterable[str] = (), ignore: Iterable[str] = ()
) -> Report:
    """Check `folder` (the repository's assets by default), with the stack's engine where it runs.

    Writes nothing: a stack that has no secrets yet does not get any. Raises what `check` raises.
    """
    there = secrets_file(settings).exists()
    secrets: Mapping[str, str] = load_secrets(settings) if there else defaultdict(lambda: "not-set")
    source = folder or assets_folder(settings)
    try:
        engine = Engine.of(settings, secrets["CLICKHOUSE_REPORT_PASSWORD"])
    except EngineUnreachableError as error:
        report = check(source, variables(settings, secrets), None, select, ignore)
        return replace(report, why_skipped=str(error))
    with closing(engine):
        return check(source, variables(settings, secrets), engine, select, ignore)


def check(
    folder: Path,
    variables: Mapping[str, Any],
    engine: Engine | None = None,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
) -> Report:
    """Check every asset under `folder` with the selected rules (all by default) that are not ignored.

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
    if not context.assets.items and not context.assets.findings:
        raise AspectsError(
            f"There are no assets in {folder}.",
            why="It holds no YAML files in databases/, datasets/, charts/ or dashboards/.",
            fix="Name the folder that holds these, such as an unpacked Superset export.",
            code="assets.folder",
            status=2,
        )
    skipped: list[str] = []
    for rule in RULES.values():
        if rule.check is None:
            continue
        if rule.needs_engine and engine is None:
            skipped += [each.code for each in RULES.values() if each.family == rule.family and each.code in wanted]
        else:
            rule.check(context)
    findings = sorted(finding for finding in [*context.assets.findings, *context.findings] if finding.rule in wanted)
    return Report(len(context.assets.items), findings, sorted(skipped))
