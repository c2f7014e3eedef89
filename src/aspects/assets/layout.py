"""A short way to write where things stand on a dashboard, and Superset's long way.

    _layout:
    - header: How many learners are enrolled?
    - row:
      - {chart: current-enrollees, width: 3, height: 20}
      - {markdown: "Counted **daily**.", width: 9, height: 20}
    - tabs:
      - tab: Grades
        content:
        - row: [...]

Widths are twelfths of the page, heights are units of 8 px. A chart is named by its file. Both ways say the
same: `collapse(expand(layout)) == layout`, so that an export of an unchanged dashboard changes no file.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import Any

GRID_COLUMNS = 12
_HEADER_SIZES = {"small": "SMALL_HEADER", "medium": "MEDIUM_HEADER", "large": "LARGE_HEADER"}
_BACKGROUNDS = {"transparent": "BACKGROUND_TRANSPARENT", "white": "BACKGROUND_WHITE"}
_BLOCKS = ("row", "header", "divider", "tabs")
_CELLS = ("chart", "markdown", "column")
_KEYS = {
    "row": {"row", "background"},
    "header": {"header", "size", "background"},
    "divider": {"divider"},
    "tabs": {"tabs"},
    "tab": {"tab", "content"},
    "chart": {"chart", "width", "height", "title"},
    "markdown": {"markdown", "width", "height"},
    "column": {"column", "width", "background"},
}

Position = dict[str, Any]


class LayoutError(Exception):
    """A layout that cannot be used. `path` leads to the value that is wrong."""

    def __init__(self, message: str, path: tuple[str | int, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.path = path


class NotExpressibleError(Exception):
    """A position that holds something a short layout has no words for."""


def chart_number(uuid: str) -> int:
    """The number that stands for a chart inside a bundle; Superset maps it to its own id on import."""
    return zlib.crc32(uuid.lower().encode()) % (2**31 - 1) + 1


def expand(layout: list[Any], title: str, charts: Mapping[str, tuple[str, str]]) -> Position:
    """Superset's `position` of a layout. `charts` is (uuid, name) by file name. Raises LayoutError."""
    return _Expansion(charts).run(layout, title)


class _Expansion:
    def __init__(self, charts: Mapping[str, tuple[str, str]]) -> None:
        self._charts = charts
        self._position: Position = {}

    def run(self, layout: list[Any], title: str) -> Position:
        self._position = {"DASHBOARD_VERSION_KEY": "v2"}
        root: dict[str, Any] = {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]}
        grid: dict[str, Any] = {"id": "GRID_ID", "type": "GRID", "children": [], "parents": ["ROOT_ID"]}
        self._position |= {"ROOT_ID": root, "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}}}
        self._position["GRID_ID"] = grid
        if len(layout) == 1 and isinstance(layout[0], dict) and "tabs" in layout[0]:
            # Tabs that hold the whole dashboard hang on the root: Superset then shows them under its header.
            root["children"] = [self._tabs(layout[0], ["ROOT_ID"], ("_layout", 0))]
        else:
            grid["children"] = self._blocks(layout, ["ROOT_ID", "GRID_ID"], ("_layout",))
        return self._position

    def _add(self, name: str, kind: str, parents: list[str], meta: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        number, unique = 1, name
        while unique in self._position:
            number += 1
            unique = f"{name}-{number}"
        node = {"id": unique, "type": kind, "children": [], "parents": parents, "meta": meta}
        self._position[unique] = node
        return node, [*parents, unique]

    def _blocks(self, blocks: Any, parents: list[str], path: tuple[str | int, ...]) -> list[str]:
        if not isinstance(blocks, list):
            raise LayoutError("This must be a list of rows, headers, dividers and tabs.", path)
        return [self._block(block, parents, (*path, number)) for number, block in enumerate(blocks)]

    def _block(self, block: Any, parents: list[str], path: tuple[str | int, ...]) -> str:
        kind = _kind(block, _BLOCKS, path)
        if kind == "tabs":
            return self._tabs(block, parents, path)
        if kind == "divider":
            return str(self._add("DIVIDER", "DIVIDER", parents, {})[0]["id"])
        if kind == "header":
            size = _one_of(block.get("size", "medium"), _HEADER_SIZES, (*path, "size"))
            meta = {"text": str(block["header"]), "headerSize": size, "background": _background(block, path)}
            return str(self._add("HEADER", "HEADER", parents, meta)[0]["id"])
        node, inside = self._add("ROW", "ROW", parents, {"background": _background(block, path)})
        cells = block["row"]
        if not isinstance(cells, list) or not cells:
            raise LayoutError("A row is a list of charts, texts and columns.", (*path, "row"))
        node["children"] = [self._cell(cell, inside, (*path, "row", number)) for number, cell in enumerate(cells)]
        total = sum(self._position[child]["meta"]["width"] for child in node["children"])
        if total > GRID_COLUMNS:
            raise LayoutError(f"The widths of this row add up to {total}; a page has {GRID_COLUMNS}.", (*path, "row"))
        return str(node["id"])

    def _tabs(self, block: dict[str, Any], parents: list[str], path: tuple[str | int, ...]) -> str:
        _kind(block, ("tabs",), path)
        node, inside = self._add("TABS", "TABS", parents, {})
        if not isinstance(block["tabs"], list) or not block["tabs"]:
            raise LayoutError("tabs is a list of {tab: title, content: [...]}.", (*path, "tabs"))
        for number, tab in enumerate(block["tabs"]):
            here = (*path, "tabs", number)
            _kind(tab, ("tab",), here)
            title = str(tab["tab"])
            slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "tab"
            child, within = self._add(f"TAB-{slug}", "TAB", inside, {"text": title, "defaultText": "Tab title"})
            node["children"].append(child["id"])
            child["children"] = self._blocks(tab.get("content"), within, (*here, "content"))
        return str(node["id"])

    def _cell(self, cell: Any, parents: list[str], path: tuple[str | int, ...]) -> str:
        kind = _kind(cell, _CELLS, path)
        width = _size(cell, "width", path, GRID_COLUMNS)
        if kind == "column":
            meta: dict[str, Any] = {"width": width, "background": _background(cell, path)}
            node, inside = self._add("COLUMN", "COLUMN", parents, meta)
            node["children"] = [
                self._cell(child, inside, (*path, "column", number)) for number, child in enumerate(cell["column"])
            ]
            return str(node["id"])
        height = _size(cell, "height", path, 1000)
        if kind == "markdown":
            meta = {"code": str(cell["markdown"]), "width": width, "height": height}
            return str(self._add("MARKDOWN", "MARKDOWN", parents, meta)[0]["id"])
        stem = str(cell["chart"])
        if stem not in self._charts:
            raise LayoutError(f"There is no chart file {stem!r}.", (*path, "chart"))
        uuid, name = self._charts[stem]
        meta = {"chartId": chart_number(uuid), "uuid": uuid, "sliceName": name, "width": width, "height": height}
        if "title" in cell:
            meta["sliceNameOverride"] = str(cell["title"])
        return str(self._add(f"CHART-{stem}", "CHART", parents, meta)[0]["id"])


def _kind(value: Any, kinds: tuple[str, ...], path: tuple[str | int, ...]) -> str:
    found = [kind for kind in kinds if isinstance(value, dict) and kind in value]
    if len(found) != 1:
        raise LayoutError(f"This must be a mapping with exactly one of: {', '.join(kinds)}.", path)
    unknown = set(value) - _KEYS[found[0]]
    if unknown:
        raise LayoutError(f"{found[0]} has no key {sorted(unknown)[0]!r}.", path)
    return found[0]


def _one_of(value: Any, names: Mapping[str, str], path: tuple[str | int, ...]) -> str:
    if value not in names:
        raise LayoutError(f"{value!r} is none of: {', '.join(names)}.", path)
    return names[value]


def _background(block: dict[str, Any], path: tuple[str | int, ...]) -> str:
    return _one_of(block.get("background", "transparent"), _BACKGROUNDS, (*path, "background"))


def _size(cell: dict[str, Any], key: str, path: tuple[str | int, ...], most: int) -> int:
    value = cell.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise LayoutError(f"{key} must be a whole number from 1 to {most}, not {value!r}.", (*path, key))
    return value


def collapse(position: Position, stems: Mapping[str, str]) -> list[Any]:
    """The layout of Superset's `position`. `stems` is the chart's file name by uuid.

    Raises NotExpressibleError when the position holds what a layout cannot say, or a chart that has no file.
    """

    def node(name: str) -> dict[str, Any]:
        found = position.get(name)
        if not isinstance(found, dict):
            raise NotExpressibleError(f"{name} is named but not there")
        return found

    def children(of: dict[str, Any]) -> list[dict[str, Any]]:
        return [node(name) for name in of.get("children", [])]

    def background(meta: dict[str, Any]) -> dict[str, str]:
        white = meta.get("background") == _BACKGROUNDS["white"]
        return {"background": "white"} if white else {}

    def short(item: dict[str, Any]) -> dict[str, Any]:
        meta, kind = item.get("meta", {}), item.get("type")
        size = {key: meta[key] for key in ("width", "height") if key in meta}
        if kind == "ROW":
            return {"row": [short(child) for child in children(item)], **background(meta)}
        if kind == "COLUMN":
            return {"column": [short(child) for child in children(item)], **size, **background(meta)}
        if kind == "CHART":
            stem = stems.get(str(meta.get("uuid")))
            if stem is None:
                raise NotExpressibleError(f"chart {meta.get('sliceName')!r} has no file")
            title = {"title": meta["sliceNameOverride"]} if meta.get("sliceNameOverride") else {}
            return {"chart": stem, **size, **title}
        if kind == "MARKDOWN":
            return {"markdown": meta.get("code", ""), **size}
        if kind == "HEADER":
            sizes = {value: name for name, value in _HEADER_SIZES.items()}
            name = sizes.get(str(meta.get("headerSize")), "medium")
            return {"header": meta.get("text", ""), **({} if name == "medium" else {"size": name}), **background(meta)}
        if kind == "DIVIDER":
            return {"divider": True}
        if kind == "TABS":
            tabs = children(item)
            content = [[short(child) for child in children(tab)] for tab in tabs]
            names = [tab.get("meta", {}).get("text", "") for tab in tabs]
            return {"tabs": [{"tab": name, "content": inside} for name, inside in zip(names, content, strict=True)]}
        raise NotExpressibleError(f"{kind} has no short form")

    top = children(node("ROOT_ID"))
    if len(top) == 1 and top[0].get("type") == "GRID":
        return [short(child) for child in children(top[0])]
    return [short(child) for child in top]
