"""Datasets that read what dbt builds: found without an engine, in the files of the dbt project."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from aspects.assets.dbt_tables import Table
from aspects.assets.models import Dataset
from aspects.assets.rules.places import line_of_name
from aspects.assets.rules.registry import Context, declare, rule
from aspects.assets.source import Item
from aspects.assets.superset_sql import SqlTemplateError

FAMILY = "dbt"
NOT_OF_DBT = frozenset({"system", "information_schema", "INFORMATION_SCHEMA"})
"""Databases of the engine itself."""

declare("D002", FAMILY, "every column that a dataset reads is one of its model's")
declare("D003", FAMILY, "numbers that are compared count the same thing")

logging.getLogger("sqlglot").setLevel(logging.ERROR)


@dataclass(frozen=True)
class _Text:
    """One text of SQL of a dataset: with no filter set, or with all."""

    item: Item
    dataset: Dataset
    tree: exp.Expr


def _texts(context: Context) -> Iterator[_Text]:
    for item, dataset in context.assets.datasets():
        try:
            every = context.texts(item, dataset)
            trees = [sqlglot.parse_one(text.sql, read="clickhouse") for text in {every[0], every[-1]}]
        except (SqlTemplateError, SqlglotError, RecursionError):
            continue  # S001 and S006 speak of SQL that is wrong; what only the engine understands is left to it
        yield from (_Text(item, dataset, tree) for tree in trees)


@rule("D001", FAMILY, "every table that a dataset reads is a model of dbt")
def tables(context: Context) -> None:
    known = context.tables
    if not known:
        return
    said: set[tuple[str, str, str]] = set()

    def say(code: str, text: _Text, name: str, message: str, fix: str) -> None:
        if (code, text.item.file, name) not in said:
            said.add((code, text.item.file, name))
            file, line = line_of_name(context, text.item, name)
            context.findings.report(code, file, line, f"Dataset {text.dataset.table_name!r} {message}", fix)

    for text in _texts(context):
        for scope in traverse_scope(text.tree):
            read = [source for source in scope.sources.values() if isinstance(source, exp.Table) and source.name]
            read = [table for table in read if table.db not in NOT_OF_DBT]
            for table in read:
                if table.name not in known:
                    near = get_close_matches(table.name, sorted(known), n=1, cutoff=0.6)
                    fix = f"Did you mean {near[0]!r}?" if near else "Read a model in dbt/models, or write it."
                    say("D001", text, table.name, f"reads {table.name!r}, which is no model of dbt.", fix)
            for column in _unknown(scope, [known.get(table.name) for table in read]):
                names = sorted({name for table in read for name in known[table.name].columns})
                near = get_close_matches(column, names, n=1, cutoff=0.6)
                fix = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
                of = ", ".join(table.name for table in read)
                say("D002", text, column, f"reads the column {column!r}, which {of} does not have.", fix)
        for left, right, counted in _compared(text, known):
            message = f"compares {left!r}, which counts {counted[0]}, with {right!r}, which counts {counted[1]}."
            say("D003", text, left, message, "Compare with a column that counts the same thing.")


def _unknown(scope: Scope, read: list[Table | None]) -> Iterator[str]:
    """Columns of one `select` over documented models only that none of them has."""
    if not read or len(read) != len(scope.selected_sources) or not isinstance(scope.expression, exp.Select):
        return
    documented = [table for table in read if table is not None and table.columns]
    if len(documented) != len(read) or scope.is_correlated_subquery:
        return
    names = {name for table in documented for name in table.columns}
    names |= {alias.alias for alias in scope.expression.find_all(exp.Alias)}
    names |= {name.name for function in scope.expression.find_all(exp.Lambda) for name in function.expressions}
    names |= {table.name for table in documented}
    for column in scope.columns:
        is_own = column.parent_select is scope.expression
        if is_own and column.name not in names and column.name not in scope.cte_sources:
            yield column.name


def _compared(text: _Text, known: dict[str, Table]) -> Iterator[tuple[str, str, tuple[str, str]]]:
    """Pairs of columns that are compared or divided and count different things."""
    counts = {
        name: what
        for table in text.tree.find_all(exp.Table)
        if table.name in known
        for name, what in known[table.name].columns.items()
        if what
    }
    if not counts:
        return
    trees = [text.tree]
    for metric in text.dataset.metrics:
        try:
            trees.append(sqlglot.parse_one(metric.expression, read="clickhouse"))
        except (SqlglotError, RecursionError):
            continue
    for tree in trees:
        for pair in tree.find_all(exp.EQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Div):
            left, right = pair.this.find(exp.Column), pair.expression.find(exp.Column)
            if left is None or right is None:
                continue
            found = counts.get(left.name), counts.get(right.name)
            if found[0] and found[1] and found[0] != found[1]:
                yield left.name, right.name, (found[0], found[1])
