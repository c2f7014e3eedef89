"""Brings what Superset holds into the files: what is the same stays as it is written, what differs is written anew."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import yaml

from aspects.assets.editor import without_defaults
from aspects.assets.layout import LayoutError
from aspects.assets.models import Chart, Dashboard, Dataset
from aspects.assets.normal import Document, normal
from aspects.assets.query_context import RequestError
from aspects.assets.query_source import MARKS, put_back
from aspects.assets.render import expanded
from aspects.assets.semantic_diff import describe
from aspects.assets.source import KINDS, Assets, Item, Templates
from aspects.assets.translate import copies
from aspects.assets.yaml_edit import edited, written
from aspects.errors import AspectsError

ORDER: dict[str, tuple[str, ...]] = {
    "databases": ("version", "uuid", "database_name", "sqlalchemy_uri"),
    "datasets": (
        "version",
        "uuid",
        "database_uuid",
        "table_name",
        "schema",
        "_security",
        "_values",
        "description",
        "main_dttm_col",
    ),
    "charts": ("version", "uuid", "dataset_uuid", "slice_name", "description", "viz_type", "params", "query_context"),
    "dashboards": ("version", "uuid", "dashboard_title", "slug", "description", "published", "_roles", "_embedded"),
}
"""How our files begin."""
LAST = ("sql", "columns", "metrics", "_layout", "position", "metadata")
_KEYED = {"columns": "column_name", "metrics": "metric_name", "native_filter_configuration": "id"}
_MISSING = object()


@dataclass(frozen=True)
class Asset:
    """An asset as Superset exports it. `roles` are those that may see a dashboard, None when it is not known."""

    kind: str
    document: Document
    roles: tuple[str, ...] | None = None

    @property
    def uuid(self) -> str:
        return str(self.document.get("uuid", "")).lower()


@dataclass(frozen=True)
class FileChange:
    """A file, relative to the folder of assets, as it is (None when it is new) and as it should be."""

    file: str
    before: str | None
    after: str


@dataclass
class BroughtIn:
    """What would be written, and what that means: a line for each difference that a reader of charts would notice."""

    files: list[FileChange] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        for change in self.files:
            path = folder / change.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(change.after, encoding="utf-8")


def bring_in(assets: Assets, templates: Templates, found: Iterable[Asset]) -> BroughtIn:
    """The changes to the files of `assets` that make them say what `found` says.

    Assets are known by uuid. Of a connection that has a file the address stays: it is made of settings. Nothing is
    deleted. Raises AspectsError (`assets.template`) for a text that our templates would read as one of theirs.
    """
    return _BringIn(assets, templates).run(list(found))


class _BringIn:
    def __init__(self, assets: Assets, templates: Templates) -> None:
        self._assets = assets
        self._templates = templates
        self._result = BroughtIn()
        self._taken = {item.file for item in assets.items}
        self._stems = {item.uuid: item.stem for item in assets.of("charts")}
        self._tables = {item.uuid: str(item.data.get("table_name")) for item in assets.of("datasets")}
        self._new_files: dict[str, str] = {}

    def run(self, found: list[Asset]) -> BroughtIn:
        held = {kind: self._assets.by_uuid(kind) for kind in KINDS}
        found = self._without_copies(found)
        for asset in found:
            if asset.kind == "datasets":
                self._tables[asset.uuid] = str(asset.document.get("table_name"))
            if asset.uuid not in held[asset.kind]:
                self._new_files[asset.uuid] = self._name(asset)
                if asset.kind == "charts":
                    self._stems[asset.uuid] = Path(self._new_files[asset.uuid]).stem
        for asset in sorted(found, key=lambda each: KINDS.index(each.kind)):
            item = held[asset.kind].get(asset.uuid)
            if item is None:
                self._create(asset)
            else:
                self._update(item, asset)
        return self._result

    def _without_copies(self, found: list[Asset]) -> list[Asset]:
        """Copies in other languages are made of the files and their catalogue, and have no files of their own."""
        originals = [item for item in self._assets.items if isinstance(item.model, Dataset | Chart | Dashboard)]
        made = {
            copy: (item.file, locale)
            for item in originals
            for locale, copy in copies(item.uuid, self._assets.folder).items()
        }
        for file, locale in (made[asset.uuid] for asset in found if asset.uuid in made):
            self._result.notes.append(f"{file}: its copy in {locale} is left out: edit locale/{locale}.po")
        return [asset for asset in found if asset.uuid not in made]

    def _name(self, asset: Asset) -> str:
        told = asset.document
        if asset.kind == "datasets":
            folders = {Path(item.file).parent.as_posix() for item in self._assets.of("datasets")}
            folder = folders.pop() if len(folders) == 1 else "datasets"
            stem = _plain(str(told.get("table_name")), "_")
        else:
            name = {"charts": "slice_name", "databases": "database_name"}.get(asset.kind, "dashboard_title")
            folder = asset.kind
            stem = _plain(str((asset.kind == "dashboards" and told.get("slug")) or told.get(name)), "-")
        number, file = 1, f"{folder}/{stem}.yaml"
        while file in self._taken:
            number += 1
            file = f"{folder}/{stem}-{number}.yaml"
        self._taken.add(file)
        return file

    def _create(self, asset: Asset) -> None:
        file = self._new_files[asset.uuid]
        new = {"version": "1.0.0", "uuid": asset.uuid, **normal(asset.kind, asset.document, self._stems)}
        if asset.kind == "charts":
            new["params"] = without_defaults(str(new["viz_type"]), {}, new.get("params", {}))
        if asset.kind == "databases":
            new["sqlalchemy_uri"] = _templated(str(asset.document.get("sqlalchemy_uri", "")))
            new.setdefault("extra", {})
        else:
            _refuse_templates(file, new)
        if asset.roles:
            new["_roles"] = list(asset.roles)
        if asset.kind == "datasets" and new.get("sql"):
            query = f"queries/{_plain(str(new['table_name']), '_')}.sql"
            if not (self._assets.folder / query).exists():
                self._result.files.append(FileChange(query, None, str(new["sql"]).strip() + "\n"))
                new["sql"] = f'<< query("{Path(query).stem}") >>'
        self._result.files.append(FileChange(file, None, written(_ordered(asset.kind, new))))
        nobody = asset.kind == "dashboards" and not asset.roles
        self._result.notes.append(f"{file}: new" + (", and without roles: nobody but its owners sees it" * nobody))

    def _update(self, item: Item, asset: Asset) -> None:
        try:
            base = normal(item.kind, expanded(item, self._assets), self._stems)
        except (LayoutError, RequestError) as error:
            raise AspectsError(
                f"{item.file} cannot be compared.",
                str(error),
                "./inv assets.check says what is wrong with it.",
                "assets.render",
            ) from error
        new = normal(item.kind, asset.document, self._stems)
        if asset.roles is not None:
            base["_roles"], new["_roles"] = sorted(item.data.get("_roles") or []), sorted(asset.roles)
        if item.kind == "charts" and base.get("viz_type") == new.get("viz_type"):
            params = without_defaults(str(new["viz_type"]), base.get("params", {}), new.get("params", {}))
            new = {**new, "params": params}
        new = _aligned(base, new)
        if base == new:
            return
        _refuse_templates(item.file, _differing(base, new))
        self._result.notes += [f"{item.file}: {line}" for line in describe(item.kind, base, new, self._tables)]
        if base.get("sql") != new.get("sql"):
            new = self._put_query_back(item, base, new)
        try:
            raw = yaml.safe_load(item.text)
        except yaml.YAMLError:
            raw = None
        if not isinstance(raw, dict):
            self._result.notes.append(f"{item.file}: written anew, as its templates are no YAML")
            text = written(_ordered(item.kind, {**item.data, **new}))
        else:
            if "query_context" in raw and "query_context" not in base:
                raw = {key: value for key, value in raw.items() if key != "query_context"}  # params have changed
            merged = _merged(raw, base, new)
            if "position" in new and "_layout" in merged:
                self._result.notes.append(f"{item.file}: the layout needs Superset's own form now")
                del merged["_layout"]
            text = edited(item.text, merged)
        if text != item.text:
            self._result.files.append(FileChange(item.file, item.text, text))

    def _put_query_back(self, item: Item, base: Document, new: Document) -> Document:
        """SQL that came from a file of its own goes back there."""
        shared = [each.file for each in self._assets.of("datasets") if set(each.queries) & set(item.queries)]
        if len(item.queries) != 1 or len(shared) != 1 or not new.get("sql"):
            return new
        file = f"queries/{item.queries[0]}.sql"
        text = (self._assets.folder / file).read_text(encoding="utf-8")
        after = put_back(text, self._templates.part, str(item.data["sql"]), str(new["sql"]))
        self._result.files.append(FileChange(file, text, after))
        return {**new, "sql": base["sql"]}


def _plain(name: str, joint: str) -> str:
    return re.sub(r"[^a-z0-9]+", joint, name.lower()).strip(joint) or "unnamed"


def _templated(address: str) -> str:
    """A connection's address with settings in it where it leads to ClickHouse, and else without its password."""
    match = re.match(r"^(clickhouse\w*(?:\+\w+)?)://[^/]*/([^?]*)", address)
    if match:
        return (
            f"{match[1]}://report:<< secrets.CLICKHOUSE_REPORT_PASSWORD | url >>"
            f"@<< settings.host >>:<< settings.clickhouse_port >>/{match[2]}"
        )
    return re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1@", address)


def _refuse_templates(file: str, value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, default=str)
    for mark in MARKS:
        if mark in text:
            raise AspectsError(
                f"{file} would hold {mark!r}, which begins one of our templates.",
                why="What comes from outside could read settings and secrets with it.",
                fix=f"Take {mark!r} out of it in Superset, and try again.",
                code="assets.template",
            )


def _differing(base: Any, new: Any) -> Any:
    """The parts of `new` that `base` does not have."""
    if isinstance(base, dict) and isinstance(new, dict):
        return {key: _differing(base.get(key), value) for key, value in new.items() if base.get(key) != value}
    if isinstance(base, list) and isinstance(new, list):
        return [each for each in new if each not in base]
    return new


def _ordered(kind: str, document: Document) -> Document:
    first = [key for key in ORDER[kind] if key in document]
    last = [key for key in LAST if key in document]
    middle = [key for key in document if key not in first and key not in last]
    return {key: document[key] for key in (*first, *middle, *last)}


def _aligned(base: Any, new: Any, key: str = "") -> Any:
    """`new` in the order of `base`, where order says nothing: columns and metrics of a dataset, keys."""
    if isinstance(base, dict) and isinstance(new, dict):
        order = [*(name for name in base if name in new), *(name for name in new if name not in base)]
        return {name: _aligned(base.get(name), new[name], name) for name in order}
    if isinstance(base, list) and isinstance(new, list):
        name = _KEYED.get(key, "")
        old = {str(each.get(name)): each for each in base if isinstance(each, dict)} if name else {}
        if key in ("columns", "metrics") and old and all(isinstance(each, dict) for each in new):
            order_of = {each: number for number, each in enumerate(old)}
            new = sorted(new, key=lambda each: order_of.get(str(each.get(name)), len(order_of)))
        if old:
            return [
                _aligned(old.get(str(each.get(name)), {}), each) if isinstance(each, dict) else each for each in new
            ]
        if len(base) == len(new):
            return [_aligned(one, other) for one, other in zip(base, new, strict=True)]
    return new


def _merged(raw: Any, base: Any, new: Any, key: str = "") -> Any:
    """What `raw`, which a person wrote and which means `base`, has to say to mean `new`."""
    if base == new:
        return raw
    if isinstance(raw, dict) and isinstance(new, dict):
        base = base if isinstance(base, dict) else {}
        return _merged_mapping(raw, base, new)
    if isinstance(raw, list) and isinstance(base, list) and isinstance(new, list) and len(raw) == len(base):
        return _merged_list(raw, base, new, key)
    return new


def _merged_mapping(raw: Document, base: Document, new: Document) -> Document:
    result: Document = {}
    for key, value in raw.items():
        before, after = base.get(key, _MISSING), new.get(key, _MISSING)
        if before is after or before == after:
            result[key] = value
        elif after is not _MISSING:
            result[key] = _merged(value, before, after, key)
        # else it is gone, or what it is when it is left out
    added = [key for key in new if key not in raw and new[key] != base.get(key, _MISSING)]
    for key in added:
        result = _after(result, key, new[key], list(new))
    return result


def _after(result: Document, key: str, value: Any, order: list[str]) -> Document:
    """`key` behind the nearest key that stands before it in `order`."""
    before = [each for each in order[: order.index(key)] if each in result]
    if not before:
        return {**result, key: value}
    found: Document = {}
    for each, one in result.items():
        found[each] = one
        if each == before[-1]:
            found[key] = value
    return found


def _merged_list(raw: list[Any], base: list[Any], new: list[Any], key: str) -> list[Any]:
    name = _KEYED.get(key)
    if name:
        known = {str(each.get(name)): number for number, each in enumerate(base) if isinstance(each, dict)}
        result = []
        for each in new:
            number = known.get(str(each.get(name))) if isinstance(each, dict) else None
            result.append(each if number is None else _merged(raw[number], base[number], each))
        return result
    result = []
    old_texts, new_texts = ([json.dumps(each, sort_keys=True, default=str) for each in side] for side in (base, new))
    for kind, a, b, c, d in SequenceMatcher(None, old_texts, new_texts, autojunk=False).get_opcodes():
        if kind == "equal":
            result += raw[a:b]
            continue
        pairs = min(b - a, d - c)
        result += [_merged(raw[a + n], base[a + n], new[c + n]) for n in range(pairs)]
        result += new[c + pairs : d]
    return result
