"""The request that a browser makes for a chart, built from the chart's `params`.

Superset builds it in the browser and stores it when a person saves a chart. Charts written as files have
none, and without it Superset's chart data API, reports and exports do not answer. The rules here were
taken from what a browser sends to Superset 6.1; a test compares the two for every chart of ours.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Params = dict[str, Any]
Query = dict[str, Any]

_METRIC_KEYS = ("metrics", "metric", "percent_metrics", "metric_2", "secondary_metric", "x", "y", "size")
_COLUMN_KEYS = ("groupby", "columns", "all_columns", "series", "entity")
_ROLLING = {"sum", "mean", "std"}


class RequestError(Exception):
    """A chart that no request can be built for."""


@dataclass(frozen=True)
class _Parts:
    """What all chart types share: the filters, the columns and metrics that are named, the limits."""

    params: Params
    columns: list[Any]
    metrics: list[Any]
    query: Query


def build(viz_type: str, params: Params) -> str:
    """The `query_context` of a chart as a JSON string; its datasource is filled in when Superset imports it.

    Raises RequestError.
    """
    context = {
        "datasource": {"id": 0, "type": "table"},
        "force": False,
        "queries": queries(viz_type, params),
        "form_data": {**params, "viz_type": viz_type, "force": False, "result_format": "json", "result_type": "full"},
        "result_format": "json",
        "result_type": "full",
    }
    return json.dumps(context, ensure_ascii=False)


def queries(viz_type: str, params: Params) -> list[Query]:
    """The queries of a chart, as Superset's chart data API takes them.

    Raises RequestError for a chart type that is not in `BUILDERS`, and for params of the wrong kind.
    """
    if viz_type not in BUILDERS:
        known = ", ".join(sorted(BUILDERS))
        raise RequestError(f"its type {viz_type!r} is none of {known}")
    try:
        return BUILDERS[viz_type](params)
    except (ValueError, TypeError, AttributeError, KeyError, IndexError) as error:
        raise RequestError(f"its params are of the wrong kind ({type(error).__name__}: {error})") from error


def label(value: Any) -> str:
    """The name under which a column or metric comes back: its own, or the label of an ad-hoc one."""
    if isinstance(value, dict):
        return str(value.get("label") or value.get("sqlExpression") or "")
    return str(value)


def as_list(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def named_metrics(params: Params) -> list[Any]:
    """Every metric that a chart selects, in order, each once."""
    return _unique([metric for key in params if key in _METRIC_KEYS for metric in as_list(params[key])])


def _unique(values: list[Any]) -> list[Any]:
    return list({label(value): value for value in reversed(values)}.values())[::-1]


def _parts(params: Params) -> _Parts:
    raw = params.get("query_mode") == "raw"
    skipped = {"groupby"} if raw else ({"columns", "all_columns"} if params.get("query_mode") == "aggregate" else set())
    columns = [col for key in params if key in _COLUMN_KEYS and key not in skipped for col in as_list(params[key])]
    metrics = [] if raw else named_metrics(params)
    filters, where, having = _filters(params)
    extras = {"having": having, "where": where}
    if params.get("time_grain_sqla"):
        extras["time_grain_sqla"] = params["time_grain_sqla"]
    query: Query = {
        "filters": filters,
        "extras": extras,
        "applied_time_extras": {},
        "columns": _unique(columns),
        "metrics": None if raw else metrics,
        "annotation_layers": as_list(params.get("annotation_layers")),
        "group_others_when_limit_reached": bool(params.get("group_others_when_limit_reached", False)),
        "series_limit": int(params.get("series_limit") or 0),
        "order_desc": params.get("order_desc", True),
        "url_params": {},
        "custom_params": {},
        "custom_form_data": {},
    }
    for key in ("time_range", "granularity"):
        if params.get(key):
            query[key] = params[key]
    if params.get("granularity_sqla"):
        query["granularity"] = params["granularity_sqla"]
    for key in ("row_limit", "row_offset"):
        if params.get(key) is not None:
            query[key] = int(params[key])
    if params.get("series_limit_metric"):
        query["series_limit_metric"] = params["series_limit_metric"]
    order = [json.loads(item) if isinstance(item, str) else item for item in as_list(params.get("order_by_cols"))]
    if order:
        query["orderby"] = order
    return _Parts(params, query["columns"], metrics, query)


def _filters(params: Params) -> tuple[list[dict[str, Any]], str, str]:
    simple: list[dict[str, Any]] = []
    free: dict[str, list[str]] = {"WHERE": [], "HAVING": []}
    for item in as_list(params.get("adhoc_filters")):
        if item.get("expressionType") == "SQL":
            text = str(item.get("sqlExpression", ""))
            free[item.get("clause", "WHERE")].append(f"({text}\n)" if "--" in text else f"({text})")
            continue
        clause: dict[str, Any] = {"col": item.get("subject"), "op": item.get("operator")}
        if clause["op"] not in {"IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE"}:
            clause["val"] = item.get("comparator")
        simple.append(clause)
    return simple, " AND ".join(free["WHERE"]), " AND ".join(free["HAVING"])


def _axis(params: Params) -> list[Any]:
    """The x axis as a column that Superset groups by the time grain."""
    axis = params.get("x_axis")
    if axis is None:
        return []
    grain = {"timeGrain": params["time_grain_sqla"]} if params.get("time_grain_sqla") else {}
    if isinstance(axis, dict):
        return [{**grain, "columnType": "BASE_AXIS", **axis}]
    column = {"sqlExpression": axis, "label": axis, "expressionType": "SQL", "isColumnReference": True}
    return [{**grain, "columnType": "BASE_AXIS", **column}]


def _first_metric_order(parts: _Parts) -> list[list[Any]]:
    """Superset's default order: the sort metric, else the first metric, descending unless said otherwise."""
    ascending = not parts.params.get("order_desc", True)
    chosen = as_list(parts.params.get("series_limit_metric")) or as_list(parts.params.get("timeseries_limit_metric"))
    metrics = chosen or parts.metrics
    return [[metrics[0], ascending]] if metrics else []


def _rolling(parts: _Parts) -> dict[str, Any] | None:
    columns = {label(metric): label(metric) for metric in parts.metrics}
    kind = parts.params.get("rolling_type")
    if kind == "cumsum":
        return {"operation": "cum", "options": {"operator": "sum", "columns": columns}}
    if kind in _ROLLING:
        window = int(parts.params.get("rolling_periods") or 1)
        least = int(parts.params.get("min_periods") or 0)
        options = {"rolling_type": kind, "window": window, "min_periods": least, "columns": columns}
        return {"operation": "rolling", "options": options}
    return None


def _resample(params: Params) -> dict[str, Any] | None:
    method, rule = params.get("resample_method"), params.get("resample_rule")
    if not method or not rule:
        return None
    zero = method == "zerofill"
    options = {"method": "asfreq" if zero else method, "rule": rule, "fill_value": 0 if zero else None}
    return {"operation": "resample", "options": options}


def _time_series(params: Params) -> list[Query]:
    """Lines, bars, areas and scatters over an x axis."""
    parts = _parts(params)
    series = as_list(params.get("groupby"))
    metrics = [{"name": label(metric)} for metric in parts.metrics]
    sorted_by = params.get("x_axis_sort")
    axis = label(params.get("x_axis"))
    pivot: dict[str, Any] = {
        "index": [axis],
        "columns": [label(column) for column in series],
        "aggregates": {metric["name"]: {"operator": "mean"} for metric in metrics},
        "drop_missing_columns": not params.get("show_empty_columns", True),
    }
    rename = None
    if len(metrics) == 1 and series and params.get("truncate_metric"):
        options = {"columns": {metrics[0]["name"]: None}, "level": 0, "inplace": True}
        rename = {"operation": "rename", "options": options}
    share = None
    if params.get("contributionMode"):
        share = {"operation": "contribution", "options": {"orientation": params["contributionMode"]}}
    order = None
    if sorted_by and not series and (sorted_by == axis or sorted_by in pivot["aggregates"]):
        by: dict[str, Any] = {"is_sort_index": True} if sorted_by == axis else {"by": sorted_by}
        order = {"operation": "sort", "options": {**by, "ascending": bool(params.get("x_axis_sort_asc", True))}}
    steps = [
        {"operation": "pivot", "options": pivot},
        _resample(params),
        _rolling(parts),
        rename,
        share,
        order,
        {"operation": "flatten"},
    ]
    query = {
        **parts.query,
        "columns": [*_axis(params), *series],
        "series_columns": series,
        "orderby": _first_metric_order(parts),
        "time_offsets": [],
        "post_processing": [step for step in steps if step],
    }
    return [query]


def _mixed(params: Params) -> list[Query]:
    """Two sets of series over one x axis; the second set's keys end in `_b`. An order is sent when it was chosen."""
    own = {key.removesuffix("_b") for key in params if key.endswith("_b")}
    first = {key: value for key, value in params.items() if not key.endswith("_b")}
    second = {key: value for key, value in params.items() if not key.endswith("_b") and key not in own}
    second |= {key.removesuffix("_b"): value for key, value in params.items() if key.endswith("_b")}
    made = [*_time_series(first), *_time_series(second)]
    return (
        made
        if "order_desc" in params
        else [{key: query[key] for key in query if key != "order_desc"} for query in made]
    )


def _single_number(params: Params) -> list[Query]:
    return [_parts(params).query]


def _number_with_trend(params: Params) -> list[Query]:
    parts = _parts(params)
    axis = _axis(params)
    steps: list[dict[str, Any] | None] = []
    if axis:
        pivot = {
            "index": [label(params["x_axis"])],
            "columns": [],
            "aggregates": {label(metric): {"operator": "mean"} for metric in parts.metrics},
            "drop_missing_columns": True,
        }
        steps = [{"operation": "pivot", "options": pivot}, _rolling(parts), _resample(params), {"operation": "flatten"}]
    query = {**parts.query, "columns": axis, "post_processing": [step for step in steps if step]}
    return [query if axis else {**query, "is_timeseries": True}]


def _pie(params: Params) -> list[Query]:
    parts = _parts(params)
    order = {"orderby": [[params.get("metric"), False]]} if params.get("sort_by_metric") else {}
    return [{**parts.query, **order}]


def _table(params: Params) -> list[Query]:
    raw = params.get("query_mode") == "raw" or (params.get("query_mode") is None and params.get("all_columns"))
    mode = "raw" if raw else "aggregate"
    parts = _parts({**params, "query_mode": mode})
    query = {**parts.query, "time_offsets": [], "post_processing": []}
    if mode == "raw":
        return [query]
    metric = (as_list(params.get("timeseries_limit_metric")) or [None])[0]
    if metric is not None:
        query["orderby"] = [[metric, not params.get("order_desc", False)]]
    elif parts.metrics:
        query["orderby"] = [[parts.metrics[0], False]]
    shares = [label(item) for item in as_list(params.get("percent_metrics"))]
    if shares:
        options = {"columns": shares, "rename_columns": [f"%{name}" for name in shares]}
        query["post_processing"] = [{"operation": "contribution", "options": options}]
    if params.get("server_pagination"):
        query |= {"row_limit": int(params.get("server_page_length") or 10), "row_offset": 0}
    extra: list[Query] = []
    if params.get("server_pagination"):
        count = {**query, "time_offsets": [], "row_limit": int(params.get("row_limit") or 0), "row_offset": 0}
        extra.append({**count, "post_processing": [], "is_rowcount": True})
    if parts.metrics and params.get("show_totals"):
        total = {**query, "columns": [], "row_limit": 0, "row_offset": 0, "post_processing": []}
        extra.append({key: value for key, value in total.items() if key not in {"orderby", "order_desc"}})
    return [query, *extra]


def _pivot(params: Params) -> list[Query]:
    parts = _parts(params)
    columns = _unique([*as_list(params.get("groupbyColumns")), *as_list(params.get("groupbyRows"))])
    return [{**parts.query, "columns": columns, "orderby": _first_metric_order(parts)}]


BUILDERS: dict[str, Callable[[Params], list[Query]]] = {
    "big_number_total": _single_number,
    "big_number": _number_with_trend,
    "echarts_area": _time_series,
    "echarts_timeseries": _time_series,
    "echarts_timeseries_bar": _time_series,
    "echarts_timeseries_line": _time_series,
    "echarts_timeseries_scatter": _time_series,
    "echarts_timeseries_smooth": _time_series,
    "echarts_timeseries_step": _time_series,
    "mixed_timeseries": _mixed,
    "funnel": _pie,
    "pie": _pie,
    "pivot_table_v2": _pivot,
    "table": _table,
}
