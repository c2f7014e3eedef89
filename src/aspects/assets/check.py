"""Runs the rules over a folder of assets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspects.assets.engine import Engine
from aspects.assets.findings import Finding
from aspects.assets.rules import access, charts, files, names, references, sql, texts
from aspects.assets.rules.registry import RULES, Context
from aspects.assets.source import load_assets
from aspects.errors import AspectsError

FAMILIES = (files, references, names, charts, texts, access, sql)


@dataclass(frozen=True)
class Report:
    """What a check found: how many assets it read, its findings in order, and rules that could not run."""

    assets: int
    findings: list[Finding]
    skipped: list[str]


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
