"""An asset as Superset exports it, without what only that Superset knows and without what is so by default.

Two assets that show the same have the same normal form, whoever wrote them: a file of ours (expanded as for an
import), or Superset's export after its editor filled in what it likes to.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any

from aspects.assets.layout import LayoutError, NotExpressibleError, collapse, expand
from aspects.assets.models import MODELS, Column, Metric
from aspects.assets.query_context import BUILDERS
from aspects.assets.render import DASHBOARD_METADATA, FILTER_CONTROLS
from aspects.assets.rules.local import CHART_LOOKS, CHART_NUMBERS, DASHBOARD_LOOKS, FILTER_LOOKS

Document = dict[str, Any]
EMPTY: tuple[Any, ...] = (None, "", [], {})
_OF_SUPERSET = ("is_managed_externally", "external_url", "theme_id")
_OF_CHART_PARAMS = ("viz_type", "url_params", "extra_form_data", "form_data", "force", "result_format", "result_type")
_OF_FILTER = (*FILTER_LOOKS, "isDataMaskChanged", "requiredFirst")
_NOTES_OF_NODE = ("chartId", "sliceName", "defaultText", "uuid")
_FILTER = {
    "type": "NATIVE_FILTER",
    "description": "",
    "cascadeParentIds": [],
    "targets": [{}],
    "time_range": "No filter",
    "adhoc_filters": [],
}


def normal(kind: str, document: Document, stems: Mapping[str, str]) -> Document:
    """The normal form of an asset. `stems` is the file name of each chart by its uuid."""
    told = {key: value for key, value in document.items() if not key.startswith("_") and key not in _OF_SUPERSET}
    if kind == "charts":
        told = _chart(told)
    elif kind == "datasets":
        told = _dataset(told)
    elif kind == "dashboards":
        told = _dashboard(told, stems)
    elif kind == "databases":
        told = _database(told)
    defaults = _defaults(MODELS[kind])
    return {key: value for key, value in told.items() if value not in EMPTY and value != defaults.get(key, ...)}


def _defaults(model: Any) -> dict[str, Any]:
    """What a key is when it is left out."""
    return {field.alias or name: field.default for name, field in model.model_fields.items() if not field.is_required()}


def _without(value: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: one for key, one in value.items() if key not in keys}


def _chart(told: Document) -> Document:
    params = _without(told.get("params") or {}, *CHART_NUMBERS, *CHART_LOOKS, *_OF_CHART_PARAMS)
    told = {**told, "params": {key: _in_params(key, value) for key, value in params.items() if value not in EMPTY}}
    if told.get("viz_type") in BUILDERS:
        return _without(told, "query_context")
    if isinstance(told.get("query_context"), str):
        told["query_context"] = _request(told["query_context"])
    return told


def _in_params(key: str, value: Any) -> Any:
    if key.removesuffix("_b") == "adhoc_filters" and isinstance(value, list):
        notes = ("filterOptionName", "isExtra", "isNew", "datasourceWarning", "subject_b", "operatorId")
        rows = [_without(one, *notes) if isinstance(one, dict) else one for one in value]
        return [
            {name: part for name, part in row.items() if part is not None} if isinstance(row, dict) else row
            for row in rows
        ]
    return value


def _request(text: str) -> str:
    """A stored request without numbers."""
    try:
        request = json.loads(text)
    except ValueError:
        return text
    if not isinstance(request, dict):
        return text
    request["datasource"] = {"id": 0, "type": "table"}
    if isinstance(request.get("form_data"), dict):
        request["form_data"] = _without(request["form_data"], *CHART_NUMBERS)
    return json.dumps(request, ensure_ascii=False)


def _dataset(told: Document) -> Document:
    told = {**told}
    for key, model in (("columns", Column), ("metrics", Metric)):
        defaults = _defaults(model)
        told[key] = [
            {name: part for name, part in one.items() if part not in EMPTY and part != defaults.get(name, ...)}
            for one in told.get(key) or []
        ]
    if isinstance(told.get("sql"), str):
        told["sql"] = "\n".join(line.rstrip() for line in told["sql"].strip().splitlines())
    return told


def _database(told: Document) -> Document:
    """The address is left out: it is made of settings and secrets."""
    kept = _without(told, "sqlalchemy_uri", "password", "encrypted_extra", "masked_encrypted_extra")
    return _without(kept, "configuration_method", "ssh_tunnel")


def _dashboard(told: Document, stems: Mapping[str, str]) -> Document:
    told = {**told}
    position = told.pop("position", None) or {}
    names = {
        meta["chartId"]: stems.get(str(meta.get("uuid")).lower(), str(meta.get("uuid")))
        for node in position.values()
        if isinstance(node, dict) and node.get("type") == "CHART"
        for meta in [node.get("meta") or {}]
        if "chartId" in meta
    }
    try:
        told["_layout"] = layout_of(position, stems)
    except NotExpressibleError:
        told["position"] = _position(position)
    told["metadata"] = _metadata(told.get("metadata") or {}, names)
    if told.get("published") is True:
        del told["published"]
    return told


def layout_of(position: Document, stems: Mapping[str, str]) -> list[Any]:
    """The layout that says all that the position does. Raises NotExpressibleError when there is none."""
    layout = collapse(position, stems)
    charts = {stem: (uuid, "") for uuid, stem in stems.items()}
    try:
        again = expand(layout, "", charts)
    except LayoutError as error:
        raise NotExpressibleError(error.message) from error
    if _tree(position, "ROOT_ID") != _tree(again, "ROOT_ID"):
        raise NotExpressibleError("it has settings that a layout has no words for")
    return layout


def _tree(position: Document, name: str) -> Any:
    """What a part of a position shows, without names, numbers and defaults."""
    node = position.get(name)
    if not isinstance(node, dict):
        return name
    children = [_tree(position, child) for child in node.get("children") or []]
    meta = node.get("meta") or {}
    shown = {key: value for key, value in meta.items() if key not in _NOTES_OF_NODE and value not in EMPTY}
    if node.get("type") == "CHART":
        shown["chart"] = str(meta.get("uuid")).lower()
    if shown.get("background") == "BACKGROUND_TRANSPARENT":
        del shown["background"]
    if node.get("type") == "HEADER" and shown.get("headerSize") == "MEDIUM_HEADER":
        del shown["headerSize"]
    return [node.get("type"), children, shown]


def _position(position: Document) -> Document:
    """A position without the numbers of charts."""
    told = copy.deepcopy(position)
    for node in told.values():
        if isinstance(node, dict) and node.get("type") == "CHART" and isinstance(node.get("meta"), dict):
            node["meta"].pop("chartId", None)
    return told


def _metadata(metadata: Document, names: Mapping[Any, str]) -> Document:
    told = _without(metadata, *DASHBOARD_LOOKS, "color_namespace", "native_filter_configuration")
    filters = [_filter(each, names) for each in metadata.get("native_filter_configuration") or []]
    told["native_filter_configuration"] = filters
    told["chart_configuration"] = _cross_filters(metadata.get("chart_configuration"), names)
    told["global_chart_configuration"] = _scoped(metadata.get("global_chart_configuration"), names)
    return {
        key: value
        for key, value in told.items()
        if value not in EMPTY and value != DASHBOARD_METADATA.get(key, ...) and key != "show_native_filters"
    }


def _filter(told: Document, names: Mapping[Any, str]) -> Document:
    kind = str(told.get("filterType", ""))
    found = {key: value for key, value in _without(told, *_OF_FILTER).items() if value != _FILTER.get(key, ...)}
    controls = FILTER_CONTROLS.get(kind, {})
    found["controlValues"] = {
        key: value
        for key, value in (told.get("controlValues") or {}).items()
        if value != controls.get(key, ...) and value is not None
    }
    found["scope"] = _scope(told.get("scope"), names)
    mask = told.get("defaultDataMask") or {}
    if not any(part not in EMPTY for part in mask.values()):
        found.pop("defaultDataMask", None)
    return {key: value for key, value in found.items() if value not in EMPTY}


def _scope(scope: Any, names: Mapping[Any, str]) -> Any:
    if not isinstance(scope, dict):
        return scope
    told = {**scope}
    if told.get("rootPath") == ["ROOT_ID"]:
        del told["rootPath"]
    told["excluded"] = sorted((names.get(each, each) for each in told.get("excluded") or []), key=str)
    return {key: value for key, value in told.items() if value not in EMPTY}


def _scoped(configuration: Any, names: Mapping[Any, str]) -> Any:
    if not isinstance(configuration, dict):
        return configuration
    told = _without(configuration, "chartsInScope")
    told["scope"] = _scope(told.get("scope"), names)
    return {key: value for key, value in told.items() if value not in EMPTY}


def _cross_filters(configuration: Any, names: Mapping[Any, str]) -> Any:
    """Entries that say more than Superset's default: every chart filters all others."""
    found: Document = {}
    for key, entry in configuration.items() if isinstance(configuration, dict) else ():
        number = int(key) if re.fullmatch(r"\d+", str(key)) else key
        told = _scoped((entry or {}).get("crossFilters"), names) if isinstance(entry, dict) else None
        if told and told != {"scope": "global"}:
            found[names.get(number, str(key))] = {"crossFilters": told}
    return found
