"""SQL that the engine accepts, with every filter set and unset, and that returns what the dataset says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from aspects.assets.engine import Engine, EngineRefusedError, ResultColumn
from aspects.assets.findings import Findings
from aspects.assets.models import Dataset
from aspects.assets.rules.registry import Context, declare, rule
from aspects.assets.source import Item
from aspects.assets.superset_sql import Rendered, SqlTemplateError, renderings

FAMILY = "sql"
WORKERS = 8

declare("S002", FAMILY, "a dataset's columns are what its SQL returns")
declare("S003", FAMILY, "what the SQL returns is in the dataset's columns")
declare("S004", FAMILY, "a column's type is what its SQL returns")
declare("S005", FAMILY, "metrics and calculated columns are valid SQL")
declare("S006", FAMILY, "the Jinja in a dataset's SQL renders")

_GENERIC = {
    "VARCHAR": "String",
    "TEXT": "String",
    "STRING": "String",
    "CHAR": "String",
    "BIGINT": "Int64",
    "INTEGER": "Int32",
    "INT": "Int32",
    "FLOAT": "Float64",
    "DOUBLE": "Float64",
    "DOUBLE PRECISION": "Float64",
    "BOOLEAN": "Bool",
    "DATE": "Date",
    "DATETIME": "DateTime",
    "TIMESTAMP": "DateTime",
}


def plain_type(name: str) -> str:
    """A type without what a reader of it cannot see: LowCardinality, Nullable, precision and zone."""
    inner = name.strip()
    while match := re.fullmatch(r"(?:LowCardinality|Nullable|SimpleAggregateFunction)\((?:\w+, ?)?(.*)\)", inner):
        inner = match.group(1)
    inner = _GENERIC.get(inner.upper(), inner)
    inner = re.sub(r"^(DateTime)(64)?(\(.*\))?$", r"\1", inner)
    return re.sub(r"^Date32$", "Date", inner)


@dataclass
class _Answers:
    """What the engine said about one dataset."""

    columns: list[ResultColumn] = field(default_factory=list)
    refusals: list[tuple[Rendered, EngineRefusedError]] = field(default_factory=list)
    expressions: list[tuple[tuple[str, int], str, str]] = field(default_factory=list)


def _whole_table(dataset: Dataset) -> str:
    name = ".".join(f"`{part}`" for part in (dataset.table_schema, dataset.table_name) if part)
    return f"select * from {name}"  # noqa: S608  # quoted, and only ever described


def _expressions(dataset: Dataset) -> Iterator[tuple[tuple[str, int], str, str]]:
    for number, metric in enumerate(dataset.metrics):
        yield ("metrics", number), f"metric {metric.metric_name!r}", metric.expression
    for number, column in enumerate(dataset.columns):
        if column.expression:
            yield ("columns", number), f"calculated column {column.column_name!r}", column.expression


def _ask(engine: Engine, dataset: Dataset, texts: list[Rendered]) -> _Answers:
    answers = _Answers()
    for number, rendered in enumerate(texts):
        try:
            columns = engine.describe(rendered.sql)
        except EngineRefusedError as error:
            answers.refusals.append((rendered, error))
            continue
        if number == 0:
            answers.columns = columns
    if answers.columns and not answers.refusals:
        source = f"(\n{texts[0].sql}\n) as virtual_table"
        expressions = list(_expressions(dataset))
        together = ",\n".join(f"{expression} as expression_{n}" for n, (_, _, expression) in enumerate(expressions))
        try:
            if expressions:
                engine.describe(f"select {together}\nfrom {source}")
        except EngineRefusedError:
            for place, name, expression in expressions:
                try:
                    engine.describe(f"select {expression} as value\nfrom {source}")
                except EngineRefusedError as error:
                    answers.expressions.append((place, name, error.message))
    return answers


@rule("S001", FAMILY, "the engine accepts a dataset's SQL with every filter set and unset", needs_engine=True)
def prepared(context: Context) -> None:
    engine = context.engine
    if engine is None:
        return
    work: list[tuple[Item, Dataset, list[Rendered]]] = []
    for item, dataset in context.assets.datasets():
        types = {column.column_name: plain_type(column.type or "") for column in dataset.columns}
        sql = dataset.sql or _whole_table(dataset)
        try:
            work.append((item, dataset, renderings(sql, types, context.macros)))
        except SqlTemplateError as fault:
            file, line = _place(context, item, sql, fault.line, fault.message)
            message = f"Dataset {dataset.table_name!r}: the Jinja in its SQL does not render: {fault.message}."
            context.findings.report("S006", file, line, message, "Correct it; see docs/rules/sql.md for what exists.")
    with ThreadPoolExecutor(WORKERS) as pool:
        answers = pool.map(lambda entry: _ask(engine, entry[1], entry[2]), work)
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
    for place, what, message in answer.expressions:
        text = f"Dataset {name!r}: {what} is not valid SQL there: {message}."
        context.report("S005", item, place, text, "Correct the expression.")


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
            fix = f"Write `type: {types[column.column_name]}`."
            findings.report("S004", item.file, line, f"{where} has no type.", fix)
        elif plain_type(column.type) != plain_type(types[column.column_name]):
            message = f"{where} is {types[column.column_name]}, not {column.type}."
            findings.report("S004", item.file, line, message, f"Write `type: {types[column.column_name]}`.")
    for name in types:
        if name not in listed:
            message = f"Dataset {dataset.table_name!r}: its SQL returns {name!r}, which is not among its columns."
            fix = f"Add the column (type {types[name]}), or do not select it."
            findings.report("S003", item.file, item.line("columns"), message, fix)


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
