"""Words for readers: descriptions, names of columns, titles of axes."""

from __future__ import annotations

from collections.abc import Iterator

from aspects.assets.rules.registry import Context, rule
from aspects.assets.source import Item
from aspects.assets.translate import coverage, locales, sql_text
from aspects.errors import AspectsError

FAMILY = "texts"
_WITH_VALUE_AXIS = ("echarts_area", "echarts_timeseries", "mixed_timeseries")


def _described(context: Context) -> Iterator[tuple[Item, str, str, str | None]]:
    yield from ((item, "chart", model.slice_name, model.description) for item, model in context.assets.charts())
    yield from (
        (item, "dashboard", model.dashboard_title, model.description) for item, model in context.assets.dashboards()
    )
    yield from ((item, "dataset", model.table_name, model.description) for item, model in context.assets.datasets())


@rule("T001", FAMILY, "charts, dashboards and datasets have a description")
def descriptions(context: Context) -> None:
    for item, kind, name, description in _described(context):
        if not (description or "").strip():
            message = f"The {kind} {name!r} has no description."
            context.report("T001", item, ("description",), message, "Say what is counted, and for whom it is.")


@rule("T002", FAMILY, "columns and metrics have a name for readers")
def readable_names(context: Context) -> None:
    fix = "Add a verbose_name: readers see it in tables, filters and tooltips."
    for item, dataset in context.assets.datasets():
        for number, column in enumerate(dataset.columns):
            if not column.verbose_name:
                message = f"Column {column.column_name!r} of {dataset.table_name!r} has no verbose_name."
                context.report("T002", item, ("columns", number), message, fix)
        for number, metric in enumerate(dataset.metrics):
            if not metric.verbose_name:
                message = f"Metric {metric.metric_name!r} of {dataset.table_name!r} has no verbose_name."
                context.report("T002", item, ("metrics", number), message, fix)


@rule("T003", FAMILY, "a value axis says its unit")
def axis_titles(context: Context) -> None:
    for item, chart in context.assets.charts():
        if chart.viz_type.startswith(_WITH_VALUE_AXIS) and not chart.params.get("y_axis_title"):
            message = f"Chart {chart.slice_name!r} has no y_axis_title."
            context.report("T003", item, ("params",), message, "Name what is counted and its unit.")


@rule("T004", FAMILY, "translations are complete")
def translations(context: Context) -> None:
    for locale in locales(context.assets.folder):
        file, fix = f"locale/{locale}.po", f"./inv assets.translate --locale {locale} brings it up to date."
        try:
            found = coverage(context.assets, locale)
        except AspectsError as error:
            context.findings.report("T004", file, 1, f"{error.message} {error.why}", error.fix)
            continue
        for what, texts in (
            ("have no translation", found.missing),
            ("have other links or code in their translation", found.broken),
            ("are translated and nobody uses them any more", found.obsolete),
        ):
            if texts:
                message = f"{len(texts)} of {found.messages} messages {what}, such as {texts[0][:60]!r}."
                context.findings.report("T004", file, 1, message, fix)


@rule("T005", FAMILY, "values that are translated stand in the SQL")
def values(context: Context) -> None:
    fix = "Write it as the SQL does, or take it out of `_values`."
    for item, dataset in context.assets.datasets():
        for number, value in enumerate(dataset.values):
            if sql_text(value) not in (dataset.sql or ""):
                message = f"The SQL of {dataset.table_name!r} has no {sql_text(value)}."
                context.report("T005", item, ("_values", number), message, fix)
