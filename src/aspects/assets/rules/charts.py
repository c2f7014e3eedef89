"""Charts that ask for what their dataset has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from aspects.assets import query_context
from aspects.assets.findings import REMOVE, Edit
from aspects.assets.models import Chart, Dataset
from aspects.assets.query_context import RequestError, as_list, label
from aspects.assets.rules.registry import Context, declare, rule
from aspects.assets.source import Item
from aspects.assets.viz_types import VIZ_TYPES

FAMILY = "charts"

declare("C002", FAMILY, "a chart's metrics are in its dataset")

_COLUMN_KEYS = (
    "x_axis",
    "groupby",
    "columns",
    "all_columns",
    "groupbyRows",
    "groupbyColumns",
    "series",
    "entity",
    "granularity_sqla",
    "series_columns",
)
METRIC_KEYS = (
    "metric",
    "metrics",
    "percent_metrics",
    "metric_2",
    "secondary_metric",
    "timeseries_limit_metric",
    "series_limit_metric",
    "x",
    "y",
    "size",
)


def columns_of(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of columns that a chart uses, with the key of `params` that holds each."""
    for key, value in params.items():
        if key.removesuffix("_b") in _COLUMN_KEYS:
            yield from ((key, column) for column in as_list(value) if isinstance(column, str))
        elif key.removesuffix("_b") == "adhoc_filters":
            for item in as_list(value):
                if isinstance(item, dict) and item.get("expressionType") == "SIMPLE" and item.get("clause") == "WHERE":
                    yield key, str(item.get("subject"))
        elif key.removesuffix("_b") in METRIC_KEYS:
            for item in as_list(value):
                if isinstance(item, dict) and item.get("expressionType") == "SIMPLE":
                    column = item.get("column")
                    yield key, str(column.get("column_name") if isinstance(column, dict) else column)


def metrics_of(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names of a dataset's metrics that a chart uses, with the key of `params` that holds each."""
    for key, value in params.items():
        if key.removesuffix("_b") in METRIC_KEYS:
            yield from ((key, metric) for metric in as_list(value) if isinstance(metric, str))


def sorting_of(params: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names that a chart sorts by; each is a column or a metric."""
    if params.get("x_axis_sort"):
        yield "x_axis_sort", str(params["x_axis_sort"])
    for entry in as_list(params.get("order_by_cols")):
        try:
            pair = json.loads(entry) if isinstance(entry, str) else entry
        except ValueError:
            pair = [entry]
        yield "order_by_cols", str(next(iter(as_list(pair)), ""))
    for rule_of_colour in as_list(params.get("conditional_formatting")):
        if isinstance(rule_of_colour, dict) and rule_of_colour.get("column"):
            yield "conditional_formatting", str(rule_of_colour["column"])
    config = params.get("column_config")
    yield from (("column_config", name) for name in (config if isinstance(config, dict) else {}))


def _with_dataset(context: Context) -> Iterator[tuple[Item, Chart, Dataset]]:
    for item, chart in context.assets.charts():
        dataset = context.dataset_of(chart.dataset_uuid)
        if dataset is not None:
            yield item, chart, dataset


def _fix(name: str, known: list[str]) -> str:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"Did you mean {near[0]!r}?" if near else f"It has: {', '.join(known) or 'none'}."


@rule("C001", FAMILY, "a chart's columns are in its dataset")
def chart_columns(context: Context) -> None:
    for item, chart, dataset in _with_dataset(context):
        columns = [column.column_name for column in dataset.columns]
        metrics = [metric.metric_name for metric in dataset.metrics]
        own = {label(metric) for metric in query_context.named_metrics(chart.params)}
        where = f"Chart {chart.slice_name!r}: dataset {dataset.table_name!r} has no"
        for key, name in columns_of(chart.params):
            if name not in columns:
                message = f"{where} column {name!r}, which {key} uses."
                context.report("C001", item, ("params", key), message, _fix(name, columns))
        for key, name in metrics_of(chart.params):
            if name not in metrics:
                message = f"{where} metric {name!r}, which {key} uses."
                context.report("C002", item, ("params", key), message, _fix(name, metrics))
        for key, name in sorting_of(chart.params):
            if name.removeprefix("%") not in {*columns, *metrics, *own}:
                message = f"{where} column or metric {name!r}, which {key} uses."
                context.report("C001", item, ("params", key), message, _fix(name, [*columns, *metrics]))


def _asked(queries: list[dict[str, Any]]) -> list[str]:
    """The columns and metrics that a request asks for."""
    found = {label(name) for query in queries for key in ("metrics", "columns") for name in query.get(key) or []}
    return sorted(found)


@rule("C003", FAMILY, "a chart's request can be built")
def requests(context: Context) -> None:
    fix = "Use another type, correct params, or add the query_context that Superset saves."
    for item, chart in context.assets.charts():
        if chart.query_context is None and chart.viz_type in VIZ_TYPES:
            try:
                query_context.queries(chart.viz_type, chart.params)
            except RequestError as error:
                message = f"Chart {chart.slice_name!r}: no request can be built, as {error}."
                context.report("C003", item, ("viz_type",), message, fix)


@rule("C004", FAMILY, "a written query_context agrees with params")
def written_requests(context: Context) -> None:
    fix = "Remove query_context: it is derived from params."
    for item, chart in context.assets.charts():
        if chart.query_context is None:
            continue
        try:
            asked = _asked(json.loads(chart.query_context)["queries"])
        except (ValueError, KeyError, TypeError, AttributeError):
            message = f"Chart {chart.slice_name!r}: query_context is not a request with queries, as a JSON string."
            context.report("C004", item, ("query_context",), message, fix)
            continue
        try:
            expected = _asked(query_context.queries(chart.viz_type, chart.params))
        except RequestError:
            continue  # a type that only the browser knows how to ask for
        if asked != expected:
            message = (
                f"Chart {chart.slice_name!r}: query_context asks for {', '.join(asked) or 'nothing'}, "
                f"params for {', '.join(expected) or 'nothing'}."
            )
            edit = Edit(("query_context",), REMOVE, "removed query_context, which is derived from params")
            context.report("C004", item, ("query_context",), message, fix, edit)


@rule("C005", FAMILY, "a chart has one type")
def viz_types(context: Context) -> None:
    for item, chart in context.assets.charts():
        inner = chart.params.get("viz_type", chart.viz_type)
        if inner != chart.viz_type:
            message = f"Chart {chart.slice_name!r}: params.viz_type is {inner!r}, viz_type is {chart.viz_type!r}."
            context.report("C005", item, ("params", "viz_type"), message, "Remove viz_type from params.")


@rule("C006", FAMILY, "a chart's type is one that Superset draws")
def known_types(context: Context) -> None:
    for item, chart in context.assets.charts():
        if chart.viz_type not in VIZ_TYPES:
            message = f"Chart {chart.slice_name!r}: Superset has no type {chart.viz_type!r}."
            near = get_close_matches(chart.viz_type, sorted(VIZ_TYPES), n=1, cutoff=0.5)
            fix = f"Did you mean {near[0]!r}?" if near else "See the types in Superset's chart editor."
            context.report("C006", item, ("viz_type",), message, fix)
