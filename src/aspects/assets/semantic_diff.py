"""What a change of an asset means to whoever reads the chart."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any

Document = dict[str, Any]
_SHORT = 60


def describe(kind: str, old: Document, new: Document, tables: Mapping[str, str]) -> list[str]:
    """A line for each difference between two normal forms. `tables` is a dataset's name by uuid."""
    telling = {"charts": _chart, "datasets": _dataset, "dashboards": _dashboard}.get(kind)
    lines = list(telling(old, new, tables)) if telling else []
    told = {"charts": ("params", "dataset_uuid"), "datasets": ("sql", "columns", "metrics")}.get(
        kind, ("metadata", "_layout", "position", "_roles")
    )
    for key in dict.fromkeys([*old, *new]):
        if key not in told and old.get(key) != new.get(key):
            lines.append(f"{key}: {_short(old.get(key))} → {_short(new.get(key))}")
    return lines


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    text = " ".join(text.split())
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 1]}…"


def _chart(old: Document, new: Document, tables: Mapping[str, str]) -> Iterator[str]:
    if old.get("dataset_uuid") != new.get("dataset_uuid"):
        names = [
            tables.get(str(each.get("dataset_uuid")).lower(), str(each.get("dataset_uuid"))) for each in (old, new)
        ]
        yield f"DATASET SWAPPED: {names[0]} → {names[1]}"
    before, after = old.get("params") or {}, new.get("params") or {}
    for key in dict.fromkeys([*before, *after]):
        if before.get(key) != after.get(key):
            word = "FILTERS CHANGED" if key.startswith("adhoc_filters") else f"params.{key}"
            yield f"{word}: {_short(before.get(key))} → {_short(after.get(key))}"


def _dataset(old: Document, new: Document, tables: Mapping[str, str]) -> Iterator[str]:
    del tables
    if old.get("sql") != new.get("sql"):
        before_text, after_text = (str(each.get("sql") or "").splitlines() for each in (old, new))
        changes = [line for line in unified_diff(before_text, after_text, lineterm="", n=0) if line[:1] in "+-"][2:]
        gained = sum(line.startswith("+") for line in changes)
        yield f"SQL CHANGED: {gained} lines new, {len(changes) - gained} lines gone"
        yield from (f"    {line}" for line in changes[:12])
        if len(changes) > 12:
            yield f"    … and {len(changes) - 12} more"
    for key, name, word in (("columns", "column_name", "COLUMN"), ("metrics", "metric_name", "METRIC")):
        before, after = ({str(one.get(name)): one for one in each.get(key) or []} for each in (old, new))
        yield from (f"{word} LOST: {each}" for each in before if each not in after)
        yield from (f"{word.lower()} new: {each}" for each in after if each not in before)
        for each in before.keys() & after.keys():
            for part in dict.fromkeys([*before[each], *after[each]]):
                values = before[each].get(part), after[each].get(part)
                if values[0] != values[1]:
                    yield f"{word.lower()} {each}: {part}: {_short(values[0])} → {_short(values[1])}"


def _dashboard(old: Document, new: Document, tables: Mapping[str, str]) -> Iterator[str]:
    del tables
    roles = [set(each.get("_roles") or []) for each in (old, new)]
    yield from (f"ROLE DROPPED: {role}" for role in sorted(roles[0] - roles[1]))
    yield from (f"role new: {role}" for role in sorted(roles[1] - roles[0]))
    charts = [_charts(each) for each in (old, new)]
    yield from (f"CHART GONE from it: {name}" for name in sorted(charts[0] - charts[1]))
    yield from (f"chart new on it: {name}" for name in sorted(charts[1] - charts[0]))
    if charts[0] == charts[1] and any(old.get(key) != new.get(key) for key in ("_layout", "position")):
        yield "layout changed"
    before, after = (each.get("metadata") or {} for each in (old, new))
    filters = [
        {str(one.get("id")): one for one in each.get("native_filter_configuration") or []} for each in (before, after)
    ]
    yield from (f"FILTER GONE: {one.get('name')}" for key, one in filters[0].items() if key not in filters[1])
    yield from (f"filter new: {one.get('name')}" for key, one in filters[1].items() if key not in filters[0])
    for key in filters[0].keys() & filters[1].keys():
        parts = [
            part
            for part in {**filters[0][key], **filters[1][key]}
            if filters[0][key].get(part) != filters[1][key].get(part)
        ]
        if parts:
            yield f"filter {filters[0][key].get('name')}: {', '.join(parts)} changed"
    if list(filters[0]) != list(filters[1]) and set(filters[0]) == set(filters[1]):
        yield "filters in another order"
    for key in dict.fromkeys([*before, *after]):
        if key != "native_filter_configuration" and before.get(key) != after.get(key):
            yield f"metadata.{key}: {_short(before.get(key))} → {_short(after.get(key))}"


def _charts(dashboard: Document) -> set[str]:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("chart"), str):
                found.add(value["chart"])
            if value.get("type") == "CHART" and isinstance(value.get("meta"), dict):
                found.add(str(value["meta"].get("uuid")))
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(dashboard.get("_layout") or dashboard.get("position"))
    return found
