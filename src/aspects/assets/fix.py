"""Mends what is safe to mend: see the findings that carry an edit."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from aspects.assets.findings import REMOVE, Edit, Finding
from aspects.assets.yaml_edit import edited


def mend(folder: Path, findings: Iterable[Finding]) -> list[Finding]:
    """Carry out the edits of `findings` in the files under `folder`; the findings whose edit was made.

    Nothing is removed but what an edit names, and its words say so. A file that cannot be edited stays as it is.
    """
    by_file: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.edit is not None:
            by_file[finding.file].append(finding)
    mended: list[Finding] = []
    for file, found in sorted(by_file.items()):
        path = folder / file
        text = path.read_text(encoding="utf-8")
        new = _in_sql(text, found, mended) if path.suffix == ".sql" else _in_yaml(text, found, mended)
        if new != text:
            path.write_text(new, encoding="utf-8")
    return mended


def _in_sql(text: str, findings: list[Finding], mended: list[Finding]) -> str:
    lines = text.splitlines(keepends=True)
    for finding in findings:
        old, new = finding.edit.value if finding.edit else ("", "")
        lines[finding.line - 1] = lines[finding.line - 1].replace(old, new)
        mended.append(finding)
    return "".join(lines)


def _in_yaml(text: str, findings: list[Finding], mended: list[Finding]) -> str:
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text  # templates that are no YAML before they are rendered
    if not isinstance(value, dict):
        return text
    changed = copy.deepcopy(value)
    # From the last item of a list to its first, so that positions stay those of the finding.
    for finding in sorted(findings, key=lambda each: _order(each.edit), reverse=True):
        if finding.edit is not None and _put(changed, finding.edit):
            mended.append(finding)
    return edited(text, changed)


def _order(edit: Edit | None) -> tuple[str, ...]:
    path = edit.path if edit else ()
    return tuple(f"{part:06d}" if isinstance(part, int) else str(part) for part in path)


def _put(value: Any, edit: Edit) -> bool:
    for key in edit.path[:-1]:
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            return False
    try:
        if edit.value is REMOVE:
            del value[edit.path[-1]]
        else:
            value[edit.path[-1]] = edit.value
    except (KeyError, IndexError, TypeError):
        return False
    return True
