"""As many assets as a large installation has, made of ours: for measurements and for tests of size."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from uuid import UUID, uuid5

from aspects.settings import ROOT

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NAMED = re.compile(r"^(table_name|slice_name|dashboard_title|slug): (.*)$", flags=re.M)


def many(folder: Path, charts: int) -> Path:
    """Copies of our charts, their datasets and dashboards in `folder`, until there are `charts` charts at least."""
    shutil.copytree(ROOT / "assets", folder)
    (database,) = (folder / "databases").glob("*.yaml")
    kept = set(_UUID.findall(database.read_text()))
    number = 1
    while len(list((folder / "charts").glob("*.yaml"))) < charts:
        number += 1
        for kind in ("datasets", "charts", "dashboards"):
            for path in (ROOT / "assets" / kind).rglob("*.yaml"):
                copy = folder / path.relative_to(ROOT / "assets")
                copy = copy.with_name(f"{path.stem}-{number}.yaml")
                copy.write_text(_copied(path.read_text(), number, kept))
    return folder


def _copied(text: str, number: int, kept: set[str]) -> str:
    def identity(match: re.Match[str]) -> str:
        return match[0] if match[0] in kept else str(uuid5(UUID(match[0]), str(number)))

    text = _UUID.sub(identity, text)
    text = _NAMED.sub(
        lambda match: f"{match[1]}: {match[2].strip(chr(34))}{'-' if match[1] == 'slug' else ' '}{number}", text
    )
    text = re.sub(r"(\bchart: )([\w-]+)", rf"\1\2-{number}", text)

    def excluded(match: re.Match[str]) -> str:
        return re.sub(r"(?<=[\s\[,])([a-z][\w-]+)(?=[,\]\n])", rf"\1-{number}", match[0])

    return re.sub(r"excluded:(?: \[[^\]]*\]|\n(?:\s+- [\w-]+\n)+)", excluded, text)
