"""Asset files as written: templates rendered, YAML read, shapes checked.

Our templates use `<< >>`, `<% %>` and `<# #>`, so that Superset's own `{{ }}` and `{% %}` in SQL pass through.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast
from urllib.parse import quote

import jinja2
from pydantic import ValidationError

from aspects.assets.findings import Findings
from aspects.assets.models import MODELS, Asset, Chart, Dashboard, Database, Dataset
from aspects.assets.yaml_lines import Parsed, YamlError, parse

KINDS = tuple(MODELS)
_MOST_BYTES = 5 * 1024 * 1024

Model = TypeVar("Model", bound=Asset)


@dataclass(frozen=True)
class Item:
    """One asset file. `model` is None when its shape is wrong; `queries` are the SQL files that it pulls in; `text` is
    the file as it is written."""

    kind: str
    file: str
    parsed: Parsed
    model: Asset | None
    queries: tuple[str, ...] = ()
    text: str = ""

    @property
    def stem(self) -> str:
        """The file's name without folder and ending; layouts call charts by it."""
        return Path(self.file).stem

    @property
    def data(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self.parsed.value)

    @property
    def uuid(self) -> str:
        return str(self.data.get("uuid", "")).lower()

    def line(self, *path: str | int) -> int:
        return self.parsed.line(*path)


@dataclass
class Assets:
    """All asset files of a folder, and what was wrong while they were read."""

    folder: Path
    items: list[Item] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    unused_queries: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[Item]:
        return [item for item in self.items if item.kind == kind]

    def by_uuid(self, kind: str) -> dict[str, Item]:
        """Items of a kind by uuid; the first file wins when a uuid is used twice."""
        found: dict[str, Item] = {}
        for item in self.of(kind):
            found.setdefault(item.uuid, item)
        return found

    def charts_by_stem(self) -> dict[str, Item]:
        return {item.stem: item for item in self.of("charts")}

    def _typed(self, kind: str, model: type[Model]) -> Iterator[tuple[Item, Model]]:
        for item in self.of(kind):
            if isinstance(item.model, model):
                yield item, item.model

    def databases(self) -> Iterator[tuple[Item, Database]]:
        """Databases whose shape is right; the same holds for the three below."""
        return self._typed("databases", Database)

    def datasets(self) -> Iterator[tuple[Item, Dataset]]:
        return self._typed("datasets", Dataset)

    def charts(self) -> Iterator[tuple[Item, Chart]]:
        return self._typed("charts", Chart)

    def dashboards(self) -> Iterator[tuple[Item, Dashboard]]:
        return self._typed("dashboards", Dashboard)


class Templates:
    """Renders templates and remembers which queries each pulled in."""

    def __init__(self, folder: Path, variables: Mapping[str, Any]) -> None:
        self.used: set[str] = set()
        self._current: list[str] = []
        self._jinja = jinja2.Environment(
            block_start_string="<%",
            block_end_string="%>",
            variable_start_string="<<",
            variable_end_string=">>",
            comment_start_string="<#",
            comment_end_string="#>",
            line_statement_prefix="-- %",
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            loader=jinja2.FunctionLoader(self._load(folder / "queries")),
            autoescape=False,  # the output is YAML and SQL
        )
        self._jinja.filters["url"] = lambda value: quote(str(value), safe="")
        self._jinja.globals.update(variables)
        self._jinja.globals["query"] = self._query

    def _load(self, folder: Path) -> Callable[[str], str | None]:
        def load(name: str) -> str | None:
            file = folder / f"{name}.sql"
            if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
                return None
            self.used.add(name)
            return file.read_text(encoding="utf-8")

        return load

    def _query(self, name: str, **values: Any) -> str:
        """The SQL of `queries/<name>.sql` as a JSON string, which is a YAML scalar on one line.

        A query may ask whether a value was given: `query("page_views", at_risk=true)`.
        """
        self._current.append(name)
        return json.dumps(self._jinja.get_template(name).render(values).strip(), ensure_ascii=False)

    def part(self, text: str) -> str:
        """A part of a query, rendered."""
        return str(self._jinja.from_string(text).render())

    def render(self, text: str) -> tuple[str, tuple[str, ...]]:
        self._current = []
        if not any(mark in text for mark in ("<<", "<%", "<#", "-- %")):
            return text, ()
        rendered = self._jinja.from_string(text).render()
        return rendered, tuple(self._current)


def bundle_root(folder: Path) -> Path:
    """The folder that holds `charts/` and the like: `folder`, or the one folder inside an unpacked export."""
    if any((folder / kind).is_dir() for kind in KINDS):
        return folder
    inner = [child for child in folder.iterdir() if child.is_dir() and any((child / kind).is_dir() for kind in KINDS)]
    return inner[0] if len(inner) == 1 else folder


def load_assets(folder: Path, variables: Mapping[str, Any]) -> Assets:
    """Read every asset under `folder`; `variables` are what templates may use.

    Never raises on a bad file: what is wrong is in `findings`, and the rest is read.
    """
    root = bundle_root(folder)
    assets = Assets(folder=root)
    templates = Templates(root, variables)
    for kind in KINDS:
        for path in sorted((root / kind).rglob("*.y*ml")):
            if path.suffix in {".yaml", ".yml"} and not path.name.startswith("."):
                item = _read(path, path.relative_to(root).as_posix(), kind, templates, assets.findings)
                if item is not None:
                    assets.items.append(item)
    queries = {path.stem for path in (root / "queries").glob("*.sql")}
    assets.unused_queries = sorted(queries - templates.used)
    return assets


def _read(path: Path, file: str, kind: str, templates: Templates, findings: Findings) -> Item | None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"is larger than {_MOST_BYTES // 1024 // 1024} MB")
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        findings.report("F001", file, 1, f"The file cannot be read: {error}.", "Save it as a small UTF-8 text file.")
        return None
    try:
        rendered, queries = templates.render(text)
    except jinja2.TemplateNotFound as error:
        line = next((n for n, row in enumerate(text.splitlines(), 1) if f'"{error.name}"' in row), 1)
        fix = f"Write queries/{error.name}.sql, or correct the name."
        findings.report("F002", file, line, f"There is no query {error.name!r}.", fix)
        return None
    except jinja2.TemplateError as error:
        line = getattr(error, "lineno", None) or _line_of_name(text, str(error))
        fix = 'Correct the template; << settings.* >>, << secrets.* >> and << query("name") >> exist.'
        findings.report("F002", file, line, f"The template does not render: {error}.", fix)
        return None
    try:
        parsed = parse(rendered)
    except YamlError as error:
        findings.report("F001", file, error.line, f"Not valid YAML: {error.message}.", "Correct the syntax.")
        return None
    for key, line in parsed.repeated:
        findings.report("F004", file, line, f"The key {key!r} is written twice; the last one wins.", "Remove one.")
    if not isinstance(parsed.value, dict):
        findings.report(
            "F001", file, 1, "The file does not hold a mapping.", "Write keys and values, as Superset does."
        )
        return None
    return Item(kind, file, parsed, _model(kind, file, parsed, findings), queries, text)


def _line_of_name(text: str, message: str) -> int:
    """The line of the name that an undefined-variable error quotes, for errors that carry no line."""
    names = [part for part in message.split("'")[1::2] if part.isidentifier()]
    for number, row in enumerate(text.splitlines(), 1):
        if "<<" in row and any(name in row for name in names):
            return number
    return 1


def _model(kind: str, file: str, parsed: Parsed, findings: Findings) -> Asset | None:
    try:
        return MODELS[kind].model_validate(parsed.value)
    except ValidationError as error:
        for problem in error.errors(include_url=False, include_input=False, include_context=False):
            where = problem["loc"]
            name = ".".join(str(part) for part in where)
            line = parsed.line(*where)
            if problem["type"] == "extra_forbidden":
                message, fix = f"{name} is not a key of a file in {kind}.", "Remove it, or correct its spelling."
            elif problem["type"] == "missing":
                message, fix = f"{name} is missing.", f"Add it: Superset does not import a file in {kind} without it."
            else:
                message, fix = f"{name}: {problem['msg']}.", "Correct the value."
            findings.report("F003", file, line, message, fix)
        return None
