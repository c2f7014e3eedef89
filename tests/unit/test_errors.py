"""Every error code is explained."""

from __future__ import annotations

import re

from aspects.settings import ROOT


def test_every_error_code_has_its_place_in_the_docs() -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    codes = set(re.findall(r'code="([a-z]+\.[a-z_]+)"', source)) - {"aspects.error"}
    explained = set(re.findall(r"`([a-z]+\.[a-z_]+)`", (ROOT / "docs" / "errors.md").read_text()))
    assert codes
    assert codes - explained == set()


def test_no_explained_code_is_gone() -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "src").rglob("*.py"))
    rows = [line for line in (ROOT / "docs" / "errors.md").read_text().splitlines() if line.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`([a-z]+\.[a-z_]+)`", row.split("|")[1])}
    assert {code for code in explained if f'"{code}"' not in source} == set()
