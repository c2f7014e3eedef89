"""The SQL of a chart as Superset sends it, without Superset: the dataset's SQL with its filters set, and around it what
the chart asks for.

It follows `get_sqla_query` of `superset/models/helpers.py` in Superset 6.1 for what our charts use: columns, metrics,
time grains, filters, order and limit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from aspects.assets.models import Chart, Dataset
from aspects.assets.query_context import Query, as_list, label, queries
from aspects.assets.superset_sql import render_with

_GRAINS: Final = {
    "PT1H": "toStartOfHour(toDateTime({}))",
    "P1D": "toStartOfDay(toDateTime({}))",
    "P1W": "toMonday(toDateTime({}))",
    "P1M": "toStartOfMonth(toDateTime({}))",
    "P3M": "toStartOfQuarter(toDateTime({}))",
    "P1Y": "toStartOfYear(toDateTime({}))",
}
_AGGREGATES: Final = {"COUNT_DISTINCT": "count(distinct {})"}
_MOST_ROWS: Final = 50_000
"""Superset's own limit where a chart sets none."""


def chart_sql(
    chart: Chart, dataset: Dataset, values: Mapping[str, Sequence[Any]], macros: Mapping[str, Any] | None = None
) -> list[str]:
    """Each query of a chart, with these values of the dashboard's filters by column.

    Raises SqlTemplateError and RequestError when the dataset or the chart cannot be read.
    """
    source = f"({render_with(dataset.sql, values, macros)}\n)" if dataset.sql else dataset.table_name
    return [_query(query, dataset, source) for query in queries(chart.viz_type, chart.params)]


def _query(query: Query, dataset: Dataset, source: str) -> str:
    columns = {name: _column(column, dataset) for column in query["columns"] if (name := label(column))}
    metrics = {label(metric): _metric(metric, dataset) for metric in as_list(query["metrics"])}
    order = [
        f"{_alias(label(item)) if label(item) in {**columns, **metrics} else _metric(item, dataset)}"
        f" {'asc' if ascending else 'desc'}"
        for item, ascending in query.get("orderby", [])
    ]
    extras = query["extras"]
    where = [*(_filter(item) for item in query["filters"]), *as_list(extras.get("where"))]
    selected = [f"{sql} as {_alias(name)}" for name, sql in {**columns, **metrics}.items()]
    parts = [
        f"select {', '.join(selected) or '*'}",
        f"from {source} as virtual_table",
        f"where {' and '.join(where)}" if where else "",
        f"group by {', '.join(columns.values())}" if columns and query["metrics"] is not None else "",
        f"having {extras['having']}" if extras.get("having") else "",
        f"order by {', '.join(order)}" if order and columns else "",
        f"limit {query.get('row_limit') or _MOST_ROWS}",
    ]
    text = "\n".join(part for part in parts if part)
    return f"select count() from ({text})" if query.get("is_rowcount") else text  # noqa: S608  # our files


def _column(column: Any, dataset: Dataset) -> str:
    if not isinstance(column, dict):
        return _named_column(str(column), dataset)
    sql = str(column["sqlExpression"])
    if column.get("isColumnReference"):
        sql = _named_column(sql, dataset)
    return _GRAINS.get(str(column.get("timeGrain")), "{}").format(sql)


def _named_column(name: str, dataset: Dataset) -> str:
    expressions = {column.column_name: column.expression for column in dataset.columns}
    return expressions.get(name) or _quoted(name)


def _metric(metric: Any, dataset: Dataset) -> str:
    if not isinstance(metric, dict):
        named = {one.metric_name: one.expression for one in dataset.metrics}
        return named.get(str(metric)) or _quoted(str(metric))
    if metric.get("expressionType") == "SQL":
        return str(metric["sqlExpression"])
    column = _named_column(str(metric["column"]["column_name"]), dataset)
    return _AGGREGATES.get(metric["aggregate"], f"{str(metric['aggregate']).lower()}({{}})").format(column)


def _filter(item: Mapping[str, Any]) -> str:
    column, operator, value = _quoted(str(item["col"])), str(item["op"]).upper(), item.get("val")
    if operator == "TEMPORAL_RANGE":
        return "true"
    if operator in ("IN", "NOT IN"):
        return f"{column} {operator.lower()} ({', '.join(map(_literal, as_list(value)))})"
    if value is None:
        return f"{column} {operator.lower()}"
    return f"{column} {'=' if operator == '==' else operator.lower()} {_literal(value)}"


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _alias(name: str) -> str:
    """A label as Superset's engine for ClickHouse writes it, so that it is no column of the dataset."""
    return _quoted(f"{name}_{hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:6]}")


def _quoted(name: str) -> str:
    return f"`{name}`"
