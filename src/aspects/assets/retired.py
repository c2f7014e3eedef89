"""Assets that are no more: `retired.yaml` in the folder of assets. Sync removes them, and their translated copies."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError

from aspects.assets.findings import Findings
from aspects.assets.translate import copies
from aspects.assets.yaml_lines import Parsed, YamlError, parse

FILE = "retired.yaml"
_Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class Retired(BaseModel):
    """An asset that must go: which, since when, and why."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["databases", "datasets", "charts", "dashboards"]
    uuid: UUID
    name: _Text
    since: datetime.date
    reason: _Text

    def identities(self, folder: Path) -> list[str]:
        """The uuids of the asset and of its translated copies."""
        return [str(self.uuid), *copies(str(self.uuid), folder).values()]


def read_retired(folder: Path, findings: Findings) -> tuple[list[Retired], Parsed]:
    """The list and where its entries stand; what is wrong with it is reported (F007), and the list is empty then."""
    path = folder / FILE
    nothing = Parsed([])
    if not path.is_file():
        return [], nothing
    try:
        parsed = parse(path.read_text(encoding="utf-8"))
        return TypeAdapter(list[Retired]).validate_python(parsed.value or []), parsed
    except (OSError, UnicodeDecodeError) as error:
        findings.report("F007", FILE, 1, f"The file cannot be read: {error}.", "Save it as a UTF-8 text file.")
    except YamlError as error:
        findings.report("F007", FILE, error.line, f"Not valid YAML: {error.message}.", "Correct the syntax.")
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in problem["loc"])
        fix = "An entry has kind, uuid, name, since (a date) and reason."
        findings.report("F007", FILE, parsed.line(*problem["loc"]), f"{name}: {problem['msg']}.", fix)
    return [], nothing


def bundled(retired: list[Retired], folder: Path) -> dict[str, Any]:
    """The list as a bundle for Superset carries it."""
    return {"retired": [{"kind": each.kind, "uuid": uuid} for each in retired for uuid in each.identities(folder)]}
