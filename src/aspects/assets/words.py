"""The words of an asset that readers see: where they stand, and how others take their place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Path = tuple[str | int, ...]
Translate = Callable[[str], str]

_PARAMS = (
    "subtitle",
    "subheader",
    "x_axis_title",
    "y_axis_title",
    "yAxisTitleSecondary",
    "y_axis_title_secondary",
    "xAxisTitle",
    "yAxisTitle",
)
_POSITION = ("text", "code", "sliceName", "sliceNameOverride")
"""What a node of Superset's `position` says to a reader, below its `meta`."""


def words(kind: str, data: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Each text of an asset with the path that leads to it; empty ones are left out."""
    for path, value in _WHERE[kind](data):
        if isinstance(value, str) and value.strip():
            yield path, value


def reworded(kind: str, data: dict[str, Any], translate: Translate) -> dict[str, Any]:
    """A copy of the asset in which each text is what `translate` makes of it."""
    changed = data
    for path, text in words(kind, data):
        changed = replaced(changed, path, translate(text))
    return changed


def replaced(tree: Any, path: Path, value: Any) -> Any:
    """A copy of nested mappings and lists with another value at the path; what is not on the way is shared."""
    if not path:
        return value
    head, *rest = path
    copy: Any = list(tree) if isinstance(tree, list) else dict(tree)
    copy[head] = replaced(tree[head], tuple(rest), value)
    return copy


def _of_dataset(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield ("description",), data.get("description")
    for number, value in enumerate(data.get("_values") or []):
        yield ("_values", number), value
    for kind in ("columns", "metrics"):
        for number, entry in enumerate(data.get(kind) or []):
            for key in ("verbose_name", "description"):
                yield (kind, number, key), entry.get(key)


def _of_chart(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield ("slice_name",), data.get("slice_name")
    yield ("description",), data.get("description")
    params = data.get("params") or {}
    for key in _PARAMS:
        yield ("params", key), params.get(key)
    for column, settings in (params.get("column_config") or {}).items():
        if isinstance(settings, dict):
            yield ("params", "column_config", column, "customColumnName"), settings.get("customColumnName")


def _of_dashboard(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield ("dashboard_title",), data.get("dashboard_title")
    yield ("description",), data.get("description")
    yield from _of_blocks(data.get("_layout"), ("_layout",))
    for name, node in (data.get("position") or {}).items():
        if isinstance(node, dict):
            for key in _POSITION:
                yield ("position", name, "meta", key), (node.get("meta") or {}).get(key)
    filters = (data.get("metadata") or {}).get("native_filter_configuration") or []
    for number, entry in enumerate(filters):
        for key in ("name", "description"):
            yield ("metadata", "native_filter_configuration", number, key), entry.get(key)


def _of_blocks(blocks: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """The texts of a `_layout`: headers, tabs, markdown and other titles of charts, however deep."""
    for number, block in enumerate(blocks if isinstance(blocks, list) else []):
        here = (*path, number)
        if not isinstance(block, dict):
            continue
        for key in ("header", "tab", "markdown", "title"):
            yield (*here, key), block.get(key)
        for key in ("row", "column", "tabs", "content"):
            yield from _of_blocks(block.get(key), (*here, key))


def _of_security_rule(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Nobody but administrators reads these."""
    del data
    return iter(())


def _of_database(data: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    yield from ()


_WHERE: dict[str, Callable[[Mapping[str, Any]], Iterator[tuple[Path, Any]]]] = {
    "databases": _of_database,
    "security": _of_security_rule,
    "datasets": _of_dataset,
    "charts": _of_chart,
    "dashboards": _of_dashboard,
}
