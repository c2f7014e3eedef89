"""From a running Superset, or a zip file of its export, to the changes of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from aspects.assets.bring_in import Asset, BroughtIn, bring_in
from aspects.assets.export_zip import read_export
from aspects.assets.source import Templates, load_assets
from aspects.assets.superset_client import SupersetClient
from aspects.errors import AspectsError


def from_superset(client: SupersetClient, slugs: Iterable[str], folder: Path, values: Mapping[str, Any]) -> BroughtIn:
    """What has to change in `folder` for it to hold the dashboards as Superset has them, with charts and datasets.

    `values` are what templates may use. Raises SupersetError, and what `from_assets` raises.
    """
    found: dict[tuple[str, str], Asset] = {}
    for slug in slugs:
        content, roles = client.export(slug)
        for asset in read_export(content, f"Superset's export of {slug}"):
            known = replace(asset, roles=tuple(roles)) if asset.kind == "dashboards" else asset
            found[asset.kind, asset.uuid] = known
    return from_assets(found.values(), folder, values)


def from_zip(file: Path, folder: Path, values: Mapping[str, Any]) -> BroughtIn:
    """What has to change in `folder` for it to hold what a zip file holds.

    Raises AspectsError: `assets.zip` for a file that cannot be used, and what `from_assets` raises.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise AspectsError(
            f"{file} cannot be read.", str(error), "Name the zip file that Superset exported.", "assets.zip", 2
        ) from error
    return from_assets(read_export(content, file.name), folder, values)


def from_assets(found: Iterable[Asset], folder: Path, values: Mapping[str, Any]) -> BroughtIn:
    """What has to change in `folder`. Raises AspectsError: `assets.findings` when its files cannot be read, and what
    `bring_in` raises."""
    assets = load_assets(folder, values)
    if assets.findings:
        first = assets.findings[0]
        raise AspectsError(
            "The files in the folder have errors, so nothing was compared.",
            why=f"{first.file}:{first.line}: {first.rule} {first.message}",
            fix="./inv assets.check shows all of them.",
            code="assets.findings",
        )
    return bring_in(assets, Templates(assets.folder, values), found)
