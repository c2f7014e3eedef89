"""What a check has found."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is wrong: where, which rule says so, and how to mend it.

    `file` is relative to the folder that was checked; `line` counts from 1.
    """

    file: str
    line: int
    rule: str
    message: str
    fix: str

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


class Findings(list[Finding]):
    """Findings under collection."""

    def report(self, rule: str, file: str, line: int, message: str, fix: str) -> None:
        self.append(Finding(file=file, line=line, rule=rule, message=message, fix=fix))
