"""From a statement's verb through its kind, the tables and the models to the datasets, charts and dashboards."""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from aspects.assets.layout import LayoutError
from aspects.assets.render import assets_folder, expanded_dashboard, variables
from aspects.assets.rules.references import placed
from aspects.assets.source import Assets, load_assets
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.secrets import load_secrets, secrets_file
from aspects.warehouse import dbt
from aspects.warehouse.manifest import Model, Project
from aspects.xapi.vocabulary import VERBS, Verb, display

NodeType = Literal["verb", "kind", "source", "model", "dataset", "chart", "dashboard"]
RAW = "xapi.xapi_events_all"
KINDS_BY_OBJECT = {
    Verb.INITIALIZED: {"video", "exam"},
    Verb.TERMINATED: {"video", "exam"},
    Verb.COMPLETED: {"video", "problem_completed", "completion"},
    Verb.INTERACTED: {"video", "other"},
}
"""Verbs whose object decides the kind; the others stand in the macro `kinds_of_verbs`."""
NO_VERBS = {"other", "refused"}
"""Kinds of statements with any verb."""
_FILTER = re.compile(
    r"\bkind\s*(?:(?P<sign>=|!=|<>)\s*'(?P<one>\w+)'|(?P<no>not\s+)?in\s*\((?P<many>[^)]*)\))", re.IGNORECASE
)
_READ = re.compile(r"\b(?:from|join)\s+`?(?:reporting`?\.`?)?(\w+)`?", re.IGNORECASE)


@dataclass(frozen=True)
class Node:
    """A thing on the way. `kinds` are the kinds of statements that reach it; none where it comes from the LMS."""

    type: NodeType
    name: str
    title: str
    file: str
    kinds: frozenset[str]

    @property
    def key(self) -> str:
        return f"{self.type}:{self.name}"


@dataclass(frozen=True)
class Lineage:
    """Nodes by their keys, each before those that are made of it, and edges between keys."""

    nodes: dict[str, Node]
    edges: list[tuple[str, str]]

    def parents(self) -> dict[str, list[str]]:
        return _adjacent((after, before) for before, after in self.edges)

    def children(self) -> dict[str, list[str]]:
        return _adjacent(self.edges)


def read_lineage(settings: Settings) -> Lineage:
    """The lineage of the files of this project; no service has to run. Raises as `dbt.parse` does."""
    there = secrets_file(settings).exists()
    secrets: Mapping[str, str] = load_secrets(settings) if there else defaultdict(lambda: "not-set")
    assets = load_assets(assets_folder(settings), variables(settings, secrets))
    return make_lineage(dbt.parse(settings), assets, kinds_of_verbs(settings.root / "dbt" / "macros" / "kinds.sql"))


def kinds_of_verbs(macros: Path) -> dict[str, set[str]]:
    """Each verb's IRI with the kinds that its statements can have, from the file of the macro `kinds_of_verbs`."""
    text = macros.read_text(encoding="utf-8")
    prefixes = dict(re.findall(r'set (\w+) = "([^"]+)"', text))
    found = {prefixes[prefix] + verb: {kind} for prefix, verb, kind in re.findall(r'(\w+) ~ "(\w+)": "(\w+)"', text)}
    return {verb: found.get(verb, set()) | KINDS_BY_OBJECT.get(verb, set()) or {"other"} for verb in [*VERBS, *found]}


def kinds_read(text: str, coming: frozenset[str]) -> frozenset[str]:
    """Of the kinds that come into a model, those that the filters of its SQL on the column `kind` let in."""
    wanted: set[str] = set()
    unwanted: set[str] = set()
    for match in _FILTER.finditer(text):
        names = set(re.findall(r"'(\w+)'", match["many"] or "")) | ({match["one"]} if match["one"] else set())
        negative = bool(match["no"]) or match["sign"] in ("!=", "<>")
        (unwanted if negative else wanted).update(names)
    return frozenset(coming & wanted if wanted else coming - unwanted)


def make_lineage(project: Project, assets: Assets, verbs: Mapping[str, Collection[str]]) -> Lineage:
    """The whole way of every statement and every fact of the LMS."""
    kinds = frozenset(kind for some in verbs.values() for kind in some) | NO_VERBS
    nodes: list[Node] = [
        *(Node("verb", display(verb), verb, "", frozenset(some)) for verb, some in verbs.items()),
        *(Node("kind", kind, kind, "", frozenset([kind])) for kind in sorted(kinds)),
    ]
    edges = [(f"verb:{display(verb)}", f"kind:{kind}") for verb, some in verbs.items() for kind in sorted(some)]
    keys: dict[str, str] = {}
    reached: dict[str, frozenset[str]] = {}
    for identity, source in project.sources.items():
        raw = source.table.removesuffix("_local") == RAW
        node = Node("source", source.table, source.table, source.file, kinds if raw else frozenset())
        nodes.append(node)
        keys[identity], reached[node.key] = node.key, node.kinds
        edges += [(f"kind:{kind}", node.key) for kind in sorted(kinds) if raw]
    for identity, model in project.models.items():
        parents = [keys[parent] for parent in model.parents]
        node = Node("model", model.name, model.name, model.file, _kinds_of(model, [reached[one] for one in parents]))
        nodes.append(node)
        keys[identity], reached[node.key] = node.key, node.kinds
        edges += [(parent, node.key) for parent in parents]
    _add_assets(assets, {model.name for model in project.models.values()}, nodes, edges, reached)
    return Lineage({node.key: node for node in nodes}, list(dict.fromkeys(edges)))


def models_read(dataset_sql: str | None, table: str, models: Collection[str]) -> list[str]:
    """The models that a dataset reads: those its SQL names after `from` and `join`, or its table."""
    names = _READ.findall(dataset_sql) if dataset_sql else [table]
    return [name for name in dict.fromkeys(names) if name in models]


def narrow(lineage: Lineage, name: str) -> Lineage:
    """What is up- and downstream of a node, which is named by its name, title or key. Several may have one name.

    Raises AspectsError `dbt.unknown_node`, with names that are similar.
    """
    wanted = {key for key, node in lineage.nodes.items() if name.lower() in _names(node)}
    if not wanted:
        names = sorted({each for node in lineage.nodes.values() for each in (node.name.lower(), node.title.lower())})
        similar = difflib.get_close_matches(name.lower(), names, n=4, cutoff=0.5)
        raise AspectsError(
            f"Nothing is called {name!r}.",
            why="It is no verb, kind, source table, model, dataset, chart or dashboard.",
            fix=f"Did you mean {', '.join(similar)}?" if similar else "./inv dbt.lineage shows all.",
            code="dbt.unknown_node",
            status=2,
        )
    kinds = frozenset(kind for key in wanted for kind in lineage.nodes[key].kinds)
    kept = {
        key
        for key in _reachable(wanted, lineage.parents()) | _reachable(wanted, lineage.children())
        if key in wanted or not kinds or not lineage.nodes[key].kinds or lineage.nodes[key].kinds & kinds
    }
    by_statements = any(lineage.nodes[key].type in ("verb", "kind") for key in wanted)
    if by_statements:
        kept = {key for key in kept if lineage.nodes[key].kinds & kinds}
    return Lineage(
        {key: node for key, node in lineage.nodes.items() if key in kept},
        [(before, after) for before, after in lineage.edges if before in kept and after in kept],
    )


def tree(lineage: Lineage) -> list[str]:
    """The lineage as lines of text; what is below a node that was shown before is not shown again."""
    children = lineage.children()
    below = {after for _, after in lineage.edges}
    lines: list[str] = []
    seen: set[str] = set()

    def show(key: str, indent: str, branch: str) -> None:
        node = lineage.nodes[key]
        again = key in seen and bool(children.get(key))
        title = f" “{node.title}”" if node.title != node.name else ""
        lines.append(f"{indent}{branch}{node.type} {node.name}{title}{' …' if again else ''}")
        if again:
            return
        seen.add(key)
        inner = indent + ("" if not branch else "   " if branch == "└─ " else "│  ")
        under = children.get(key, [])
        for number, child in enumerate(under):
            show(child, inner, "└─ " if number == len(under) - 1 else "├─ ")

    for key in lineage.nodes:
        if key not in below:
            show(key, "", "")
    return lines


def mermaid(lineage: Lineage) -> str:
    """The lineage as a Mermaid flowchart."""
    numbers = {key: f"n{number}" for number, key in enumerate(lineage.nodes)}
    lines = ["flowchart LR"]
    for key, node in lineage.nodes.items():
        lines.append(f'    {numbers[key]}["{node.type}: {_quoted(node.title, "#quot;")}"]')
    lines += [f"    {numbers[before]} --> {numbers[after]}" for before, after in lineage.edges]
    return "\n".join(lines) + "\n"


def dot(lineage: Lineage) -> str:
    """The lineage in the language of Graphviz."""
    lines = ["digraph lineage {", "    rankdir=LR;", "    node [shape=box];"]
    for key, node in lineage.nodes.items():
        lines.append(f'    "{_quoted(key)}" [label="{node.type}\\n{_quoted(node.title)}"];')
    lines += [f'    "{_quoted(before)}" -> "{_quoted(after)}";' for before, after in lineage.edges]
    return "\n".join([*lines, "}"]) + "\n"


def _add_assets(
    assets: Assets,
    models: Collection[str],
    nodes: list[Node],
    edges: list[tuple[str, str]],
    reached: dict[str, frozenset[str]],
) -> None:
    def add(kind: NodeType, name: str, title: str, file: str, parents: list[str]) -> str:
        node = Node(kind, name, title, f"assets/{file}", frozenset().union(*(reached[one] for one in parents)))
        nodes.append(node)
        reached[node.key] = node.kinds
        edges.extend((parent, node.key) for parent in parents)
        return node.key

    datasets: dict[str, str] = {}
    for item, dataset in assets.datasets():
        read = [f"model:{name}" for name in models_read(dataset.sql, dataset.table_name, models)]
        datasets[item.uuid] = add("dataset", item.stem, dataset.table_name, item.file, read)
    charts: dict[str, str] = {}
    for item, chart in assets.charts():
        of = datasets.get(str(chart.dataset_uuid))
        charts[item.uuid] = add("chart", item.stem, chart.slice_name, item.file, [of] if of else [])
    for item, dashboard in assets.dashboards():
        try:
            position = expanded_dashboard(item.data, assets).get("position") or {}
        except LayoutError:  # ./inv assets.check reports it
            position = {}
        shown = [charts[uuid] for _, meta in placed(position) if (uuid := str(meta.get("uuid", "")).lower()) in charts]
        add("dashboard", item.stem, dashboard.dashboard_title, item.file, list(dict.fromkeys(shown)))


def _kinds_of(model: Model, coming: Iterable[frozenset[str]]) -> frozenset[str]:
    return kinds_read(model.text, frozenset().union(*coming))


def _names(node: Node) -> set[str]:
    return {node.name.lower(), node.title.lower(), node.key.lower()}


def _adjacent(edges: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one, other in edges:
        found.setdefault(one, []).append(other)
    return found


def _reachable(start: Collection[str], steps: Mapping[str, Iterable[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += steps.get(key, ())
    return seen


def _quoted(text: str, quote: str = '\\"') -> str:
    return text.replace("\\", "\\\\").replace('"', quote)
