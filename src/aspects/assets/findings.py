"""What a check has found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

REMOVE = object()
"""In the place of a value: the key or item goes."""


@dataclass(frozen=True)
class Edit:
    """A safe way to mend a finding: `value` (or REMOVE) at a path of a file, and in words what is done.

    `path` is empty for a file of SQL, where `value` is a pair: a text on the finding's line and the one in its place.
    """

    path: tuple[str | int, ...]
    value: Any
    says: str


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: where, which rule says so, and how to mend it.

    `file` is relative to the folder that was checked; `line` counts from 1. `edit` is there when `--fix` can mend it.
    """

    file: str
    line: int
    rule: str
    message: str
    fix: str
    edit: Edit | None = field(default=None, compare=False)

    def as_dict(self) -> dict[str, object]:
        return {
            "rule": self.rule,
            "file": self.file,
            "line": self.line,
            "message": self.message,
            "fix": self.fix,
            "fixable": self.edit is not None,
        }


class Findings(list[Finding]):
    """Findings under collection."""

    def report(self, rule: str, file: str, line: int, message: str, fix: str, edit: Edit | None = None) -> None:
        self.append(Finding(file=file, line=line, rule=rule, message=message, fix=fix, edit=edit))
