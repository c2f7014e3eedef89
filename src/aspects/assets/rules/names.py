"""Names that must differ."""

from __future__ import annotations

from collections.abc import Iterable

from aspects.assets.rules.registry import Context, rule
from aspects.assets.source import Item

FAMILY = "names"


def _repeated(context: Context, code: str, named: Iterable[tuple[Item, str | None]], key: str, fix: str) -> None:
    first: dict[str, Item] = {}
    for item, name in named:
        if not name:
            continue
        other = first.setdefault(name, item)
        if other is not item:
            context.report(code, item, (key,), f"{key} {name!r} is also that of {other.file}.", fix)


@rule("N001", FAMILY, "no two charts, dashboards or databases have one name")
def titles(context: Context) -> None:
    fix = "Say in the name what differs."
    _repeated(context, "N001", ((i, m.slice_name) for i, m in context.assets.charts()), "slice_name", fix)
    _repeated(context, "N001", ((i, m.dashboard_title) for i, m in context.assets.dashboards()), "dashboard_title", fix)
    _repeated(context, "N001", ((i, m.database_name) for i, m in context.assets.databases()), "database_name", fix)


@rule("N002", FAMILY, "no two dashboards have one slug")
def slugs(context: Context) -> None:
    fix = "Choose another slug: it is the dashboard's address."
    _repeated(context, "N002", ((i, m.slug) for i, m in context.assets.dashboards()), "slug", fix)


@rule("N003", FAMILY, "no two datasets have one table_name")
def table_names(context: Context) -> None:
    fix = "Choose another name: Superset's metadata keeps table names unique over all databases."
    _repeated(context, "N003", ((i, m.table_name) for i, m in context.assets.datasets()), "table_name", fix)


@rule("N004", FAMILY, "a dataset names each column and metric once")
def inside_datasets(context: Context) -> None:
    for item, dataset in context.assets.datasets():
        for key, names in (
            ("columns", [column.column_name for column in dataset.columns]),
            ("metrics", [metric.metric_name for metric in dataset.metrics]),
        ):
            for number, name in enumerate(names):
                if name in names[:number]:
                    message = f"{name!r} is named twice in {key}."
                    context.report("N004", item, (key, number), message, "Remove or rename one of them.")


@rule("N005", FAMILY, "no two chart files have one name")
def chart_files(context: Context) -> None:
    first: dict[str, Item] = {}
    for item in context.assets.of("charts"):
        other = first.setdefault(item.stem, item)
        if other is not item:
            message = f"A layout that says {item.stem!r} could mean this file or {other.file}."
            context.report("N005", item, (), message, "Rename one of the files.")
