"""SQL that the engine accepts, with every filter set and unset, and that returns what the dataset says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspects.assets.engine import Engine, EngineRefusedError, ResultColumn
from aspects.assets.engine_types import plain_type
from aspects.assets.findings import Edit, Findings
from aspects.assets.models import Dataset
from aspects.assets.query_context import as_list, label
from aspects.assets.rules.charts import METRIC_KEYS
from aspects.assets.rules.registry import Context, declare, rule
from aspects.assets.source import Item
from aspects.assets.superset_sql import Rendered, SqlTemplateError

FAMILY = "sql"
WORKERS = 8

declare("S002", FAMILY, "a dataset's columns are what its SQL returns")
declare("S003", FAMILY, "what the SQL returns is in the dataset's columns")
declare("S004", FAMILY, "a column's type is what its SQL returns")
declare("S005", FAMILY, "metrics and calculated columns are valid SQL")
declare("S006", FAMILY, "the Jinja in a dataset's SQL renders")
declare("S007", FAMILY, "SQL that a chart brings along is valid")

_WORD = re.compile(r"\w+")
_READ = re.compile(r"\b(?:from|join|in)\s+`?(\w+)`?", re.IGNORECASE)
NEW_LINE = "\n"
"""Behind SQL that a person wrote: a comment at its end must not reach further."""
Columns = dict[str, list[ResultColumn]]
"""The columns of each table and view of the warehouse."""


@dataclass(frozen=True)
class _Expression:
    """SQL over a dataset's columns: whose it is, where it stands, and whether it is about rows or about groups."""

    rule: str
    item: Item
    place: tuple[str | int, ...]
    says: str
    sql: str
    of_rows: bool


@dataclass
class _Answers:
    """What the engine said about one dataset."""

    columns: list[ResultColumn] = field(default_factory=list)
    refusals: list[tuple[Rendered, EngineRefusedError]] = field(default_factory=list)
    expressions: list[tuple[_Expression, str]] = field(default_factory=list)


def _expressions(context: Context, item: Item, dataset: Dataset) -> Iterator[_Expression]:
    for number, metric in enumerate(dataset.metrics):
        says = f"Dataset {dataset.table_name!r}: metric {metric.metric_name!r}"
        yield _Expression("S005", item, ("metrics", number), says, metric.expression, of_rows=False)
    for number, column in enumerate(dataset.columns):
        if column.expression:
            says = f"Dataset {dataset.table_name!r}: calculated column {column.column_name!r}"
            yield _Expression("S005", item, ("columns", number), says, column.expression, of_rows=True)
    for chart_item, chart in context.assets.charts():
        if chart.dataset_uuid == dataset.uuid:
            for key, what, sql, of_rows in written_in(chart.params):
                says = f"Chart {chart.slice_name!r}: {what}"
                yield _Expression("S007", chart_item, ("params", key), says, sql, of_rows)


def written_in(params: dict[str, Any]) -> Iterator[tuple[str, str, str, bool]]:
    """SQL that a chart brings along: its key, what it is, the text, and whether it is about rows."""
    for key, value in params.items():
        for entry in as_list(value):
            if not isinstance(entry, dict):
                continue
            sql = str(entry.get("sqlExpression") or "")
            if not sql or entry.get("expressionType") != "SQL" or entry.get("isColumnReference"):
                continue
            if key.removesuffix("_b") == "adhoc_filters":
                yield key, "a condition", sql, entry.get("clause", "WHERE") == "WHERE"
            elif key.removesuffix("_b") in METRIC_KEYS:
                yield key, f"metric {label(entry)!r}", sql, False
            else:
                yield key, f"column {label(entry)!r}", sql, True


def _ask(engine: Engine, columns: Columns, texts: list[Rendered], expressions: list[_Expression]) -> _Answers:
    """Prepare every text on the engine.

    They are prepared over columns of the right types in the place of the tables and views that they read, so that the
    engine need not look into each view again: the first by itself, for its columns, the others all at once. What it
    then refuses is asked as it is, for the engine's words.
    """
    answers = _Answers()
    others = [rendered.sql for rendered in texts[1:]]
    accepted = not others or engine.accepts(over_types(together(others), others, columns))
    for number, rendered in enumerate(texts):
        if number and accepted:
            continue
        try:
            described = engine.describe(over_types(rendered.sql, [rendered.sql], columns))
        except EngineRefusedError:
            try:
                described = engine.describe(rendered.sql)
            except EngineRefusedError as error:
                answers.refusals.append((rendered, error))
                continue
        if number == 0:
            answers.columns = described
    if answers.columns and not answers.refusals:
        _ask_expressions(engine, texts[0].sql, answers, expressions)
    return answers


def _ask_expressions(engine: Engine, sql: str, answers: _Answers, expressions: list[_Expression]) -> None:
    typed = ", ".join(typed_column(column) for column in answers.columns)
    selects = [
        f"select {', '.join(f'({each.sql}{NEW_LINE}) as e_{number}' for number, each in enumerate(chosen))}"  # noqa: S608  # our files, only ever described
        f" from (select {typed})"
        for of_rows in (True, False)
        if (chosen := [each for each in expressions if each.of_rows is of_rows])
    ]
    if not selects or engine.accepts(together(selects)):
        return
    for each in expressions:
        try:
            engine.describe(f"select ({each.sql}\n) as value\nfrom (\n{sql}\n) as virtual_table")
        except EngineRefusedError as error:
            answers.expressions.append((each, error.message))


def typed_column(column: ResultColumn) -> str:
    """A column of a type that the engine cannot see through, as one of a table."""
    kind = column.type.replace("\\", "\\\\").replace("'", "\\'")
    return f"materialize(defaultValueOfTypeName('{kind}')) as `{column.name}`"


def tables_in(sql: str, columns: Columns) -> frozenset[str]:
    """The tables and views of the warehouse that a text reads."""
    return frozenset(name for name in _READ.findall(sql) if name in columns)


def together(selects: list[str]) -> str:
    """One query that the engine accepts when it accepts each of these."""
    return "\nunion all\n".join(f"select 1 as one from (\n{select}\n)" for select in selects)  # noqa: S608  # our files


def over_types(sql: str, texts: list[str], columns: Columns) -> str:
    """`sql` with a row of the right types in the place of each table that the texts in it read."""
    tables = sorted(name for name in {name for text in texts for name in tables_in(text, columns)})
    if not tables:
        return sql
    rows = (f"`{name}` as (select {', '.join(map(typed_column, _used(columns[name], texts)))})" for name in tables)
    return f"with {', '.join(rows)}\nselect * from (\n{sql}\n)"


def _used(columns: list[ResultColumn], texts: list[str]) -> list[ResultColumn]:
    """The columns that the texts can mean: all where a `*` may stand for them."""
    words = {word for text in texts for word in _WORD.findall(text)}
    every = any("*" in text for text in texts) or "columns" in {word.lower() for word in words}
    return [column for column in columns if every or column.name in words] or columns[:1]


def usable(engine: Engine, columns: Columns, texts: Iterable[str]) -> Columns:
    """The tables and views that the texts read and the engine can read: the rest is asked of it as it is."""
    read = sorted({name for text in texts for name in tables_in(text, columns)})
    selects = {name: f"select * from `{name}`" for name in read}  # noqa: S608  # names that the engine gave
    if not selects or engine.accepts(together(list(selects.values()))):
        return {name: columns[name] for name in read}
    return {name: columns[name] for name in read if engine.accepts(selects[name])}


@rule("S001", FAMILY, "the engine accepts a dataset's SQL with every filter set and unset", needs_engine=True)
def prepared(context: Context) -> None:
    engine = context.engine
    if engine is None:
        return
    work: list[tuple[Item, Dataset, list[Rendered]]] = []
    for item, dataset in context.assets.datasets():
        try:
            work.append((item, dataset, context.texts(item, dataset)))
        except SqlTemplateError as fault:
            file, line = _place(context, item, dataset.sql or "", fault.line, fault.message)
            message = f"Dataset {dataset.table_name!r}: the Jinja in its SQL does not render: {fault.message}."
            context.findings.report("S006", file, line, message, "Correct it; see docs/rules/sql.md for what exists.")
    with ThreadPoolExecutor(WORKERS) as pool:
        columns = usable(engine, engine.columns(), (text.sql for _, _, texts in work for text in texts))
        answers = pool.map(
            lambda entry: _ask(engine, columns, entry[2], list(_expressions(context, entry[0], entry[1]))), work
        )
        for (item, dataset, texts), answer in zip(work, answers, strict=True):
            _report(context, item, dataset, texts, answer)


def _report(context: Context, item: Item, dataset: Dataset, texts: list[Rendered], answer: _Answers) -> None:
    name = dataset.table_name
    if answer.refusals:
        rendered, error = answer.refusals[0]
        file, line = _place(context, item, rendered.sql, error.line, error.message)
        when = "" if len(answer.refusals) == len(texts) else f" {rendered.when}"
        message = f"Dataset {name!r}: the engine refuses its SQL{when}: {error.message}."
        fix = "Correct the query, or the dbt model that it reads."
        context.findings.report("S001", file, line, message, fix)
        return
    _compare(context.findings, item, dataset, answer.columns)
    for each, words in answer.expressions:
        message = f"{each.says} is not valid SQL there: {words}."
        context.report(each.rule, each.item, each.place, message, "Correct the expression.")


def _compare(findings: Findings, item: Item, dataset: Dataset, returned: list[ResultColumn]) -> None:
    types = {column.name: column.type for column in returned}
    listed = {column.column_name for column in dataset.columns}
    for number, column in enumerate(dataset.columns):
        if column.expression:
            continue
        line = item.line("columns", number)
        where = f"Dataset {dataset.table_name!r}: column {column.column_name!r}"
        if column.column_name not in types:
            message = f"{where} is not among what its SQL returns ({', '.join(types)})."
            findings.report("S002", item.file, line, message, "Select it in the SQL, or remove the column.")
        elif not column.type:
            findings.report(
                "S004", item.file, line, f"{where} has no type.", *_typed(number, types[column.column_name])
            )
        elif plain_type(column.type) != plain_type(types[column.column_name]):
            message = f"{where} is {types[column.column_name]}, not {column.type}."
            findings.report("S004", item.file, line, message, *_typed(number, types[column.column_name]))
    for name in types:
        if name not in listed:
            message = f"Dataset {dataset.table_name!r}: its SQL returns {name!r}, which is not among its columns."
            fix = f"Add the column (type {types[name]}), or do not select it."
            findings.report("S003", item.file, item.line("columns"), message, fix)


def _typed(number: int, kind: str) -> tuple[str, Edit]:
    """How to mend a column's type."""
    return f"Write `type: {kind}`.", Edit(("columns", number, "type"), kind, f"wrote type: {kind}")


def _place(context: Context, item: Item, sql: str, line: int, message: str) -> tuple[str, int]:
    """The file and line that an engine's or template's words are about.

    SQL that comes from a file of its own is looked for there: by the text of the line that is named, else
    by the name that the message quotes.
    """
    if len(item.queries) != 1:
        return item.file, item.line("sql")
    file = f"queries/{item.queries[0]}.sql"
    written = Path(context.assets.folder, file).read_text(encoding="utf-8").splitlines()
    rendered = sql.splitlines()
    wanted = rendered[line - 1].strip() if 0 < line <= len(rendered) else ""
    for number, text in enumerate(written, 1):
        if wanted and text.strip() == wanted:
            return file, number
    for name in re.findall(r"[`'\"]([\w.]+)[`'\"]", message):
        for number, text in enumerate(written, 1):
            if re.search(rf"\b{re.escape(name.split('.')[-1])}\b", text) and not text.lstrip().startswith("--"):
                return file, number
    return file, 1
