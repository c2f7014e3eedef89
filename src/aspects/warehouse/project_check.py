"""How the models are written: the rules that apply here of what dbt's own community checks (dbt-project-evaluator).

Each rule looks at the manifest; one asks the running warehouse. `dbt/accepted.yml` lists findings that are meant so,
each with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from aspects.assets.source import load_assets
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.warehouse import dbt
from aspects.warehouse.lineage import models_read
from aspects.warehouse.manifest import Model, Project, Source
from aspects.warehouse.query import query

ACCEPTED = "accepted.yml"
KEY_TESTS = {"unique", "unique_together"}
_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_HARD_CODED = re.compile(r"\b(?:from|join)\s+(`?(?:xapi|event_sink|reporting)`?\.`?\w+`?)", re.IGNORECASE)
_JINJA = re.compile(r"\{#.*?#\}|\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_COMMENT = re.compile(r"--[^\n]*")


@dataclass(frozen=True, order=True)
class Finding:
    """One thing that is amiss with a model or a source, and how to mend it."""

    file: str
    rule: str
    name: str
    message: str
    fix: str


@dataclass(frozen=True)
class Report:
    """What the check found and what of it is accepted."""

    models: int
    findings: list[Finding]
    accepted: int


@dataclass(frozen=True)
class Context:
    """What a rule looks at. `shown` are the models that a dataset reads; `columns` has those of each table or view
    as the engine has them, or is empty when no engine was asked.
    """

    project: Project
    shown: Collection[str]
    columns: Mapping[str, Collection[str]]

    def children(self, identity: str) -> list[Model]:
        return [model for model in self.project.models.values() if identity in model.parents]


Rule = Callable[[Context], Iterator[Finding]]
RULES: dict[str, Rule] = {}


def rule(name: str) -> Callable[[Rule], Rule]:
    """Declare a rule by its stable name."""

    def add(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return add


def check_project(settings: Settings, offline: bool = False) -> Report:
    """Apply every rule to the project as its files are. `offline` leaves out what the running warehouse knows.

    Raises AspectsError: those of `dbt.parse` and `query`; `dbt.accepted` when the list of accepted findings is bad.
    """
    project = dbt.parse(settings)
    columns: dict[str, set[str]] = {}
    if not offline:
        asked = "select table, name from system.columns where database = 'reporting'"
        for table, column in query(settings, asked, user="dbt").rows:
            columns.setdefault(str(table), set()).add(str(column))
    found = sorted(find(Context(project, _shown(settings, project), columns)))
    file = settings.root / "dbt" / ACCEPTED
    accepted = read_accepted(file)
    meant = [one for one in found if (one.rule, one.name) in accepted]
    left = [one for one in found if one not in meant] + [
        Finding(
            f"dbt/{ACCEPTED}",
            "accepted-for-nothing",
            name,
            f"{code} is accepted of {name}, and not found there.",
            "Take the entry out.",
        )
        for code, name in sorted(accepted - {(one.rule, one.name) for one in meant})
        if not (offline and code == "columns-as-built")
    ]
    return Report(len(project.models), left, len(meant))


def find(context: Context) -> list[Finding]:
    """Every finding of every rule."""
    return [finding for check in RULES.values() for finding in check(context)]


def read_accepted(file: Path) -> set[tuple[str, str]]:
    """Rule and model (or source) of each accepted finding. Raises AspectsError `dbt.accepted`."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8")) or []
        for entry in entries:
            if entry["rule"] not in RULES or not entry["name"] or not entry["reason"].strip():
                raise ValueError(f"{entry}: it needs a known rule, a name and a reason")
        return {(str(entry["rule"]), str(entry["name"])) for entry in entries}
    except (yaml.YAMLError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise AspectsError(
            f"The accepted findings in {file.name} cannot be read.",
            why=str(error),
            fix="Each entry has `rule`, `name` and `reason`. The rules: " + ", ".join(RULES) + ".",
            code="dbt.accepted",
        ) from error


def _shown(settings: Settings, project: Project) -> set[str]:
    assets = load_assets(settings.root / "assets", {"settings": settings, "secrets": _Anything()})
    names = {model.name for model in project.models.values()}
    return {name for _, one in assets.datasets() for name in models_read(one.sql, one.table_name, names)}


class _Anything(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return "not-set"


@rule("model-described")
def model_described(context: Context) -> Iterator[Finding]:
    for model in context.project.models.values():
        if not model.description.strip():
            yield Finding(model.file, "model-described", model.name, "It has no description.", "Say what a row is.")


@rule("columns-described")
def columns_described(context: Context) -> Iterator[Finding]:
    everything: list[Model | Source] = [*context.project.models.values(), *context.project.sources.values()]
    for one in everything:
        empty = [name for name, description in one.columns.items() if not description.strip()]
        if empty or not one.columns:
            what = f"Columns without a description: {', '.join(empty)}." if empty else "It describes no column."
            yield Finding(one.file, "columns-described", one.name, what, "Describe each: meaning, unit, when empty.")


@rule("columns-as-built")
def columns_as_built(context: Context) -> Iterator[Finding]:
    for model in context.project.models.values():
        built = set(context.columns.get(model.name, ()))
        if built and built != set(model.columns):
            more, less = sorted(built - set(model.columns)), sorted(set(model.columns) - built)
            message = "; ".join(
                text
                for text in (
                    f"not described: {', '.join(more)}" if more else "",
                    f"described, but not there: {', '.join(less)}" if less else "",
                )
                if text
            )
            yield Finding(model.file, "columns-as-built", model.name, f"{message}.", "Correct the .yml beside it.")


@rule("source-described")
def source_described(context: Context) -> Iterator[Finding]:
    for source in context.project.sources.values():
        if not source.description.strip():
            yield Finding(source.file, "source-described", source.name, "It has no description.", "Say what a row is.")


@rule("model-tested")
def model_tested(context: Context) -> Iterator[Finding]:
    for model in context.project.models.values():
        if not model.tests and not model.unit_tests:
            fix = "Test its key and its logic, in the .yml files beside it."
            yield Finding(model.file, "model-tested", model.name, "It has no test.", fix)


@rule("key-tested")
def key_tested(context: Context) -> Iterator[Finding]:
    """The key of a table is its sort key, which the engine collapses rows by; that of a view must be tested."""
    for model in context.project.models.values():
        if not model.is_table and not any(name in KEY_TESTS for name, _, _ in model.tests):
            fix = "Add unique_together with the columns of its key."
            yield Finding(model.file, "key-tested", model.name, "No test says what identifies a row.", fix)


@rule("named-plainly")
def named_plainly(context: Context) -> Iterator[Finding]:
    """Lower-case words; a table that a trigger fills begins with rollup_ or ends with the table it serves."""
    for model in context.project.models.values():
        if not _NAME.fullmatch(model.name):
            fix = "Use lower-case words with _ between them."
            yield Finding(model.file, "named-plainly", model.name, "Its name is not in plain words.", fix)
        elif (model.materialized == "rollup") != model.name.startswith("rollup_"):
            message = (
                "It is a rollup, and its name does not begin with rollup_."
                if model.materialized == "rollup"
                else "Its name begins with rollup_, and it is none."
            )
            yield Finding(model.file, "named-plainly", model.name, message, "Rename it, or accept its name.")


@rule("source-joined-in-one-model")
def source_joined(context: Context) -> Iterator[Finding]:
    """A model that reads a source reads that alone: who joins a source with a model repeats its cleaning."""
    for model in context.project.models.values():
        sources = [one for one in model.parents if one in context.project.sources]
        if sources and len(model.parents) > 1:
            message = f"It joins the source {context.project.table(sources[0])} with something else."
            fix = "Put what it needs of the source into a model of its own."
            yield Finding(model.file, "source-joined-in-one-model", model.name, message, fix)


@rule("source-read-once")
def source_read_once(context: Context) -> Iterator[Finding]:
    for identity, source in context.project.sources.items():
        readers = [model.name for model in context.children(identity)]
        if len(readers) > 1:
            message = f"Several models read it: {', '.join(readers)}."
            fix = "Let one model read it, and the others read that."
            yield Finding(source.file, "source-read-once", source.name, message, fix)


@rule("source-used")
def source_used(context: Context) -> Iterator[Finding]:
    for identity, source in context.project.sources.items():
        if not context.children(identity):
            yield Finding(source.file, "source-used", source.name, "No model reads it.", "Take it out.")


@rule("source-declared-once")
def source_declared_once(context: Context) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for source in context.project.sources.values():
        other = first.setdefault(source.table, source.identity)
        if other != source.identity:
            message = f"{source.table} is declared as {other}, too."
            yield Finding(source.file, "source-declared-once", source.name, message, "Keep one of them.")


@rule("model-rooted")
def model_rooted(context: Context) -> Iterator[Finding]:
    for model in context.project.models.values():
        if not model.parents:
            message = "It reads neither a model nor a source."
            yield Finding(model.file, "model-rooted", model.name, message, "Use ref() or source().")


@rule("no-rejoin")
def no_rejoin(context: Context) -> Iterator[Finding]:
    """A → B → C with A → C, where nobody else reads B: B is a part of C that was put elsewhere."""
    for model in context.project.models.values():
        for parent in model.parents:
            between = context.project.models.get(parent)
            if (
                between is None
                or between.is_table
                or len(context.children(parent)) != 1
                or between.name in context.shown
            ):
                continue
            again = set(between.parents) & set(model.parents)
            if again and set(between.parents) == again:
                message = f"It reads {between.name} and joins what that is made of."
                yield Finding(model.file, "no-rejoin", model.name, message, f"Make {between.name} a part of it.")


@rule("no-hard-coded-table")
def no_hard_coded_table(context: Context) -> Iterator[Finding]:
    for model in context.project.models.values():
        named = _HARD_CODED.findall(_COMMENT.sub(" ", _JINJA.sub(" ", model.text)))
        if named:
            message = f"It names {', '.join(named)}, so dbt does not know that it depends on it."
            fix = "Use ref() for a model and source() for what others write."
            yield Finding(model.file, "no-hard-coded-table", model.name, message, fix)


@rule("model-used")
def model_used(context: Context) -> Iterator[Finding]:
    for identity, model in context.project.models.items():
        exposed = model.name in context.shown or identity in context.project.exposed
        if not exposed and not context.children(identity):
            message = "Neither a model, nor a dataset of assets/, nor an exposure reads it."
            yield Finding(model.file, "model-used", model.name, message, "Show it in a chart, or remove it.")
