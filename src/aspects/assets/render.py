"""From asset files to the bundle that Superset imports."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from aspects.assets import query_context
from aspects.assets.layout import LayoutError, chart_number, expand
from aspects.assets.models import Chart, Dashboard
from aspects.assets.query_context import RequestError
from aspects.assets.retired import FILE as RETIRED
from aspects.assets.retired import bundled, read_retired
from aspects.assets.source import Assets, Item, load_assets
from aspects.assets.translate import translated
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.secrets import secrets_or_placeholders

METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-01-01T00:00:00+00:00"}
"""What Superset wants to know of a bundle; the time is fixed, so that equal assets make equal bundles."""
FILTER_CONTROLS = {
    "filter_select": {
        "multiSelect": True,
        "enableEmptyFilter": False,
        "defaultToFirstItem": False,
        "inverseSelection": False,
        "searchAllOptions": True,
        "sortAscending": True,
    },
    "filter_time": {"enableEmptyFilter": False},
    "filter_timegrain": {"enableEmptyFilter": False},
}
DASHBOARD_METADATA = {
    "color_scheme": "aspects",
    "cross_filters_enabled": False,
    "refresh_frequency": 0,
    "show_chart_timestamps": False,
    "chart_configuration": {},
    "global_chart_configuration": {"scope": {"rootPath": ["ROOT_ID"], "excluded": []}, "chartsInScope": []},
}


@dataclass(frozen=True)
class Bundle:
    """What was written: how many files of each kind, and where."""

    folder: Path
    counts: dict[str, int]


def variables(settings: Settings, secrets: Mapping[str, str]) -> dict[str, Any]:
    """What asset templates may use."""
    return {"settings": settings, "secrets": secrets}


def assets_folder(settings: Settings) -> Path:
    return settings.root / "assets"


def load_here(settings: Settings) -> Assets:
    """The repository's assets as written; passwords that were never made are placeholders.

    Raises AspectsError (`assets.render`) when a file cannot be read.
    """
    return _readable(load_assets(assets_folder(settings), variables(settings, secrets_or_placeholders(settings))))


def render_bundle(settings: Settings, secrets: Mapping[str, str], target: Path, source: Path | None = None) -> Bundle:
    """Render the assets in `source` (the repository's by default) into `target`, replacing what is there.

    `target` ends up with `metadata.yaml`, `databases/`, `datasets/`, `charts/` and `dashboards/`, readable
    by its owner alone, since a connection's password is in it. A failure leaves the old bundle as it was.
    With the setting `locales`, the copies in these languages are in it, too. Raises AspectsError: `assets.render`
    when a file cannot be rendered, `assets.locale` for a language without a catalogue, `assets.store` when the bundle
    cannot be written.
    """
    assets = load_assets(source or assets_folder(settings), variables(settings.inside, secrets))
    retired, _ = read_retired(assets.folder, assets.findings)
    assets = _readable(assets)
    documents = _documents(assets)
    for locale in settings.locales:
        documents |= _documents(translated(assets, locale))
    if retired:
        documents[RETIRED] = bundled(retired, assets.folder)
    try:
        _replace(target, documents)
    except OSError as error:
        raise AspectsError(
            "The rendered assets cannot be stored.",
            why=str(error),
            fix=f"Make {target.parent} writable and free some space.",
            code="assets.store",
        ) from error
    return Bundle(target, dict(Counter(file.partition("/")[0] for file in documents)))


def _readable(assets: Assets) -> Assets:
    if assets.findings:
        raise _failed("\n".join(f"{each.file}:{each.line}: {each.message}" for each in assets.findings[:5]))
    return assets


def _documents(assets: Assets) -> dict[str, dict[str, Any]]:
    """The file of each asset and what Superset takes."""
    documents: dict[str, dict[str, Any]] = {}
    for item in assets.items:
        try:
            documents[item.file] = expanded(item, assets)
        except LayoutError as error:
            raise _failed(f"{item.file}:{item.line(*error.path)}: {error.message}") from error
        except RequestError as error:
            raise _failed(f"{item.file}: no request can be built for the chart: {error}.") from error
    return documents


def _replace(target: Path, documents: Mapping[str, dict[str, Any]]) -> None:
    """Write the documents into a folder aside, and put that in the target's place."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))  # for its owner only
    try:
        new, old = aside / "new", aside / "old"
        new.mkdir(mode=0o700)
        _write(new / "metadata.yaml", METADATA)
        for file, document in documents.items():
            path = new / file
            for folder in reversed(Path(file).parents):  # mkdir gives its mode to the last folder only
                (new / folder).mkdir(mode=0o700, exist_ok=True)
            _write(path, document)
        if target.exists():
            target.rename(old)
        new.rename(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _failed(why: str) -> AspectsError:
    return AspectsError(
        "The Superset assets cannot be rendered.",
        why=why,
        fix="./inv assets.check shows all that is wrong.",
        code="assets.render",
    )


def _write(path: Path, data: dict[str, Any]) -> None:
    text = yaml.dump(data, Dumper=getattr(yaml, "CSafeDumper", yaml.SafeDumper), sort_keys=False, allow_unicode=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def expanded(item: Item, assets: Assets) -> dict[str, Any]:
    """An asset as Superset takes it: short forms written out, a chart's request derived.

    Raises LayoutError and RequestError (see `layout` and `query_context`).
    """
    if isinstance(item.model, Chart):
        return expanded_chart(item.data)
    if isinstance(item.model, Dashboard):
        return expanded_dashboard(item.data, assets)
    return {key: value for key, value in item.data.items() if key != "_values"}


def expanded_chart(data: dict[str, Any]) -> dict[str, Any]:
    params = {**data["params"], "viz_type": data["viz_type"]}
    context = data.get("query_context") or query_context.build(data["viz_type"], params)
    return {**data, "params": params, "query_context": context}


def expanded_dashboard(data: dict[str, Any], assets: Assets) -> dict[str, Any]:
    charts = {stem: (item.uuid, str(item.data.get("slice_name", ""))) for stem, item in assets.charts_by_stem().items()}
    result = {key: value for key, value in data.items() if key != "_layout"}
    if data.get("_layout") is not None:
        result["position"] = expand(data["_layout"], data["dashboard_title"], charts)
    metadata = {**DASHBOARD_METADATA, **data["metadata"]}
    filters = metadata.get("native_filter_configuration") or []
    metadata["native_filter_configuration"] = [expanded_filter(entry, charts) for entry in filters]
    if data.get("_layout") is not None:
        metadata |= _numbered_cross_filters(metadata, charts)
    result["metadata"] = metadata
    result.setdefault("css", "")
    result.setdefault("published", True)
    return result


def expanded_filter(entry: dict[str, Any], charts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A native filter with Superset's defaults filled in, and charts that it skips by their number."""
    kind = str(entry.get("filterType", ""))
    scope = {"rootPath": ["ROOT_ID"], "excluded": [], **entry.get("scope", {})}
    scope["excluded"] = [chart_number(charts[name][0]) if name in charts else name for name in scope["excluded"]]
    return {
        "type": "NATIVE_FILTER",
        "description": "",
        "cascadeParentIds": [],
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "targets": [{}],
        **entry,
        "controlValues": {**FILTER_CONTROLS.get(kind, {}), **entry.get("controlValues", {})},
        "scope": scope,
    }


def _numbered_cross_filters(metadata: Mapping[str, Any], charts: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """Cross-filters name charts by file; Superset by the numbers of the bundle."""

    def number(name: Any) -> Any:
        return chart_number(charts[name][0]) if name in charts else name

    def scoped(configuration: Any) -> Any:
        scope = configuration.get("scope") if isinstance(configuration, dict) else None
        if not isinstance(scope, dict) or not isinstance(scope.get("excluded"), list):
            return configuration
        return {**configuration, "scope": {**scope, "excluded": [number(name) for name in scope["excluded"]]}}

    found: dict[str, Any] = {"global_chart_configuration": scoped(metadata.get("global_chart_configuration"))}
    configured = metadata.get("chart_configuration")
    if isinstance(configured, dict):
        found["chart_configuration"] = {
            str(number(name)): {
                **entry,
                "id": number(name),
                "crossFilters": {"chartsInScope": [], **(scoped(entry.get("crossFilters")) or {})},
            }
            if isinstance(entry, dict)
            else entry
            for name, entry in configured.items()
        }
    return found
