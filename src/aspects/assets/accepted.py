"""Findings that are meant so, each with its reason: `accepted.yaml` in the folder of assets."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from aspects.assets.findings import Finding, Findings
from aspects.assets.yaml_lines import YamlError, parse

FILE = "accepted.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: str
    file: str
    reason: str = ""
    about: str = ""


@dataclass(frozen=True)
class Accepted:
    """One entry: findings of `rule` in `file`, of those only the ones whose message holds `about`."""

    rule: str
    file: str
    about: str
    line: int

    def matches(self, finding: Finding) -> bool:
        return finding.rule == self.rule and finding.file == self.file and self.about in finding.message


def read_accepted(folder: Path, findings: Findings) -> list[Accepted]:
    """The entries with a reason; one without is reported (F006) and accepts nothing."""
    path = folder / FILE
    if not path.is_file():
        return []
    try:
        parsed = parse(path.read_text(encoding="utf-8"))
        entries = TypeAdapter(list[_Entry]).validate_python(parsed.value or [])
    except (OSError, UnicodeDecodeError) as error:
        findings.report("F006", FILE, 1, f"The file cannot be read: {error}.", "Save it as a UTF-8 text file.")
        return []
    except YamlError as error:
        findings.report("F006", FILE, error.line, f"Not valid YAML: {error.message}.", "Correct the syntax.")
        return []
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in problem["loc"])
        fix = "An entry has rule, file and reason, and may have about."
        findings.report("F006", FILE, parsed.line(*problem["loc"]), f"{name}: {problem['msg']}.", fix)
        return []
    accepted = []
    for number, entry in enumerate(entries):
        line = parsed.line(number)
        if entry.reason.strip():
            accepted.append(Accepted(entry.rule.upper(), entry.file, entry.about, line))
        else:
            message = f"{entry.rule} in {entry.file} is accepted without a reason."
            findings.report("F006", FILE, line, message, "Say in `reason` why it is meant so.")
    return accepted


def without_accepted(found: list[Finding], accepted: list[Accepted], checked: Collection[str]) -> list[Finding]:
    """The findings that are left; an entry of a checked rule that accepts nothing any more is one (F006)."""
    left = Findings(each for each in found if not any(entry.matches(each) for entry in accepted))
    for entry in accepted:
        if entry.rule in checked and not any(entry.matches(each) for each in found):
            message = f"{entry.rule} in {entry.file} is accepted, and not found any more."
            left.report("F006", FILE, entry.line, message, "Remove the entry.")
    return left
