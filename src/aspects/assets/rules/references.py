"""References that lead somewhere: dashboard to chart to dataset to database, filter to dataset and column."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aspects.assets import translate
from aspects.assets.findings import REMOVE, Edit
from aspects.assets.layout import chart_number
from aspects.assets.rules.registry import Context, declare, rule
from aspects.assets.source import KINDS, Item

FAMILY = "references"

declare("R006", FAMILY, "a filter's column is in its dataset")
declare("R012", FAMILY, "a filter reads a dataset, not a translated copy of one")


def placed(position: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The charts of a dashboard: the key in its position, and what is said of the chart there."""
    for key, node in position.items():
        if isinstance(node, dict) and node.get("type") == "CHART":
            meta = node.get("meta")
            yield key, meta if isinstance(meta, dict) else {}


@rule("R001", FAMILY, "a uuid belongs to one file")
def unique_uuids(context: Context) -> None:
    first: dict[str, Item] = {}
    for item in (item for kind in KINDS for item in context.assets.of(kind) if item.uuid):
        other = first.setdefault(item.uuid, item)
        if other is not item:
            fix = "Give the newer of the two files a uuid of its own (docs/rules/references.md has how)."
            context.report("R001", item, ("uuid",), f"uuid {item.uuid} is also that of {other.file}.", fix)


@rule("R002", FAMILY, "a dashboard's charts exist")
def dashboard_charts(context: Context) -> None:
    charts = context.assets.by_uuid("charts")
    for item, _, data in context.expanded():
        for key, meta in placed(data.get("position") or {}):
            if str(meta.get("uuid", "")).lower() not in charts:
                name = meta.get("sliceName") or meta.get("uuid") or "without a uuid"
                message = f"There is no chart {name!r} ({meta.get('uuid')})."
                path = ("position", key, "meta", "uuid")
                context.report("R002", item, path, message, "Add the chart's file, or take it off the dashboard.")


@rule("R003", FAMILY, "a chart's dataset exists")
def chart_datasets(context: Context) -> None:
    datasets = context.assets.by_uuid("datasets")
    for item, chart in context.assets.charts():
        if str(chart.dataset_uuid) not in datasets:
            message = f"Chart {chart.slice_name!r}: there is no dataset {chart.dataset_uuid}."
            context.report("R003", item, ("dataset_uuid",), message, "Use the uuid of a file in datasets/.")


@rule("R004", FAMILY, "a dataset's database exists")
def dataset_databases(context: Context) -> None:
    databases = context.assets.by_uuid("databases")
    for item, dataset in context.assets.datasets():
        if str(dataset.database_uuid) not in databases:
            message = f"Dataset {dataset.table_name!r}: there is no database {dataset.database_uuid}."
            context.report("R004", item, ("database_uuid",), message, "Use the uuid of a file in databases/.")


@rule("R005", FAMILY, "a filter's dataset exists")
def filter_targets(context: Context) -> None:
    datasets = context.assets.by_uuid("datasets")
    copies = {
        copy: (dataset.table_name, str(dataset.uuid), locale)
        for _, dataset in context.assets.datasets()
        for locale, copy in translate.copies(str(dataset.uuid), context.assets.folder).items()
    }
    for item, _, data in context.expanded():
        for number, entry in enumerate(data["metadata"]["native_filter_configuration"]):
            for place, target in enumerate(entry.get("targets") or []):
                path = ("metadata", "native_filter_configuration", number, "targets", place)
                uuid = str(target.get("datasetUuid") or "").lower()
                if uuid in copies:
                    name, original, locale = copies[uuid]
                    message = (
                        f"Filter {entry.get('name')!r} reads the copy of dataset {name!r} in the language {locale!r}."
                    )
                    fix = f"Use {original}; copies get filters of their own when they are made."
                    context.report("R012", item, path, message, fix)
                    continue
                if uuid and uuid not in datasets:
                    message = f"Filter {entry.get('name')!r}: there is no dataset {uuid}."
                    fix = "Use the uuid of a file in datasets/; Superset does not import the dashboard without it."
                    context.report("R005", item, path, message, fix)
                    continue
                dataset = context.dataset_of(uuid)
                column = (target.get("column") or {}).get("name")
                if dataset and column and column not in {each.column_name for each in dataset.columns}:
                    message = f"Filter {entry.get('name')!r}: dataset {dataset.table_name!r} has no column {column!r}."
                    known = ", ".join(each.column_name for each in dataset.columns)
                    context.report("R006", item, path, message, f"Use one of its columns: {known}.")


@rule("R007", FAMILY, "a chart is on a dashboard")
def orphaned_charts(context: Context) -> None:
    if context.layout_errors:
        return  # it is not known which charts those dashboards hold
    positions = [data.get("position") or {} for _, _, data in context.expanded()]
    used = {str(meta.get("uuid", "")).lower() for position in positions for _, meta in placed(position)}
    for item, chart in context.assets.charts():
        if item.uuid not in used:
            message = f"Chart {chart.slice_name!r} is on no dashboard."
            context.report("R007", item, (), message, "Put it on one, or delete the file.")


@rule("R008", FAMILY, "a dataset is used")
def orphaned_datasets(context: Context) -> None:
    used = {str(chart.dataset_uuid) for _, chart in context.assets.charts()}
    for _, _, data in context.expanded():
        for entry in data["metadata"]["native_filter_configuration"]:
            used |= {str(target.get("datasetUuid") or "").lower() for target in entry.get("targets") or []}
    for item, dataset in context.assets.datasets():
        if item.uuid not in used:
            message = f"No chart and no filter uses dataset {dataset.table_name!r}."
            context.report("R008", item, (), message, "Use it, or delete the file.")


@rule("R009", FAMILY, "what a filter skips or follows is on its dashboard")
def filter_scopes(context: Context) -> None:
    for item, _, data in context.expanded():
        position = data.get("position") or {}
        numbers = {meta.get("chartId") for _, meta in placed(position)}
        numbers |= {chart_number(str(meta["uuid"])) for _, meta in placed(position) if meta.get("uuid")}
        filters = data["metadata"]["native_filter_configuration"]
        names = {entry.get("id") for entry in filters}
        for number, entry in enumerate(filters):
            path = ("metadata", "native_filter_configuration", number)
            for place, chart in enumerate(entry["scope"]["excluded"]):
                if chart not in numbers:
                    message = f"Filter {entry.get('name')!r} skips chart {chart!r}, which is not on this dashboard."
                    edit = Edit((*path, "scope", "excluded", place), REMOVE, f"removed {chart!r} from excluded")
                    context.report("R009", item, (*path, "scope"), message, "Take it out of `excluded`.", edit)
            for root in entry["scope"]["rootPath"]:
                if root not in position:
                    message = f"Filter {entry.get('name')!r} is for {root!r}, which is not on this dashboard."
                    context.report("R009", item, (*path, "scope"), message, "Use ROOT_ID or the id of a tab.")
            for parent in entry["cascadeParentIds"]:
                if parent not in names:
                    message = f"Filter {entry.get('name')!r} follows {parent!r}, which is no filter of this dashboard."
                    context.report("R009", item, (*path, "cascadeParentIds"), message, "Use the id of a filter.")


@rule("R010", FAMILY, "a layout can be used")
def layouts(context: Context) -> None:
    for item, dashboard in context.assets.dashboards():
        error = context.layout_errors.get(item.file)
        if error is not None:
            context.report("R010", item, error.path, error.message, "See docs/assets.md for what a layout may hold.")
        elif dashboard.layout is None and dashboard.position is None:
            message = "The dashboard has neither _layout nor position, so it would be empty."
            context.report("R010", item, (), message, "Add a _layout with the charts to show.")


@rule("R011", FAMILY, "what cross-filters name is on their dashboard")
def cross_filters(context: Context) -> None:
    for item, _, data in context.expanded():
        position, metadata = data.get("position") or {}, data["metadata"]
        numbers = {meta.get("chartId") for _, meta in placed(position)}
        scopes: list[tuple[tuple[str | int, ...], Any]] = [
            (("metadata", "global_chart_configuration", "scope"), _scope(metadata.get("global_chart_configuration")))
        ]
        charts = metadata.get("chart_configuration")
        for key, entry in (charts if isinstance(charts, dict) else {}).items():
            path: tuple[str | int, ...] = ("metadata", "chart_configuration", key)
            if not (str(key).isdigit() and int(key) in numbers):
                message = f"Cross-filters are set for chart {key!r}, which is not on this dashboard."
                context.report("R011", item, path, message, "Name a chart of this dashboard by its file.")
            scopes.append((path, _scope(entry.get("crossFilters") if isinstance(entry, dict) else None)))
        for path, scope in scopes:
            for chart in scope.get("excluded") or []:
                if chart not in numbers:
                    message = f"Cross-filters skip chart {chart!r}, which is not on this dashboard."
                    context.report("R011", item, path, message, "Take it out of `excluded`.")
            for root in scope.get("rootPath") or []:
                if root not in position:
                    message = f"Cross-filters are for {root!r}, which is not on this dashboard."
                    context.report("R011", item, path, message, "Use ROOT_ID or the id of a tab.")


def _scope(configuration: Any) -> dict[str, Any]:
    scope = configuration.get("scope") if isinstance(configuration, dict) else None
    return scope if isinstance(scope, dict) else {}


@rule("R013", FAMILY, "the id of an embedded dashboard is its own")
def embedded_ids(context: Context) -> None:
    taken = {item.uuid: item.file for item in context.assets.items}
    for item, dashboard in context.assets.dashboards():
        if dashboard.embedded is None:
            continue
        other = taken.setdefault(str(dashboard.embedded), f"{item.file}, embedded")
        if other != f"{item.file}, embedded":
            message = f"_embedded {dashboard.embedded} is also the id of {other}."
            fix = "Give it an id of its own (docs/rules/references.md has how)."
            context.report("R013", item, ("_embedded",), message, fix)
