"""What belongs to one installation and not into a file: addresses, passwords, databases, numbers, looks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from aspects.assets.findings import REMOVE, Edit
from aspects.assets.models import Chart, Dashboard
from aspects.assets.rules.dbt import NOT_OF_DBT
from aspects.assets.rules.places import line_of_name
from aspects.assets.rules.registry import Context, rule
from aspects.assets.source import Item

FAMILY = "local"

MASKED = re.compile(r"^X{5,}$")
"""What Superset writes into an export where a password was."""
_ADDRESS = re.compile(r"^[\w+]+://(?:(?P<user>[^@/]*)@)?(?P<host>[^/@]*)/")
_LOCAL_URL = re.compile(r"https?://(?:(?:localhost|\d{1,3}(?:\.\d{1,3}){3})(?::\d+)?|[\w.-]+:\d+)(?![\w-])")
_TEMPLATE = re.compile(r"<<.*?>>")
_DATABASE = re.compile(r"\b(?:from|join)\s+`?([A-Za-z_]\w*)`?\s*\.\s*`?([A-Za-z_]\w*)`?", re.IGNORECASE)
_SECRET_KEYS = re.compile(r"(password|passwd|secret|token|private_key|credentials)", re.IGNORECASE)

CHART_NUMBERS = ("datasource", "slice_id", "dashboards", "dashboardId")
"""Keys of a chart's params that hold numbers of one Superset."""
CHART_LOOKS = ("shared_label_colors", "map_label_colors", "own_color_scheme", "dashboard_color_scheme")
DASHBOARD_LOOKS = (
    "shared_label_colors",
    "map_label_colors",
    "color_scheme_domain",
    "default_filters",
    "filter_scopes",
    "expanded_slices",
    "timed_refresh_immune_slices",
    "show_native_filters",
    "positions",
    "remote_id",
    "import_time",
)
"""Keys of a dashboard's metadata that Superset keeps for itself."""
FILTER_LOOKS = ("chartsInScope", "tabsInScope")


def _address(item: Item) -> str:
    """A connection's address as it is written, its templates reduced to `<<>>`."""
    found = re.search(r"^sqlalchemy_uri:[ \t]*[\"']?(.*?)[\"']?[ \t]*$", item.text, flags=re.M)
    return _TEMPLATE.sub("<<>>", found.group(1)) if found else ""


@rule("L001", FAMILY, "no address of one installation is written down")
def addresses(context: Context) -> None:
    for item, database in context.assets.databases():
        match = _ADDRESS.match(_address(item))
        if match and "<<" not in match["host"] and match["host"]:
            message = f"Database {database.database_name!r} names the host {match['host']!r}."
            fix = "Write << settings.host >>:<< settings.clickhouse_port >> there."
            context.report("L001", item, ("sqlalchemy_uri",), message, fix)
    for item in (item for item in context.assets.items if item.kind != "databases"):
        for number, row in enumerate(item.text.splitlines(), 1):
            for url in _LOCAL_URL.findall(row):
                message = f"{url} leads to one installation."
                context.findings.report("L001", item.file, number, message, "Use a setting, such as lms_url.")


@rule("L002", FAMILY, "no password is written down")
def passwords(context: Context) -> None:
    fix = "Write << secrets.NAME | url >> there, and change the password: it was in a file."
    for item, database in context.assets.databases():
        match = _ADDRESS.match(_address(item))
        password = (match["user"] or "").partition(":")[2] if match else ""
        if password and "<<" not in password and not MASKED.match(password):
            message = f"Database {database.database_name!r} has its password in sqlalchemy_uri."
            context.report("L002", item, ("sqlalchemy_uri",), message, fix)
        for path, value in _texts(item.data):
            key = str(path[-1]) if path else ""
            named = _SECRET_KEYS.search(key) or (path and path[0] in ("encrypted_extra", "masked_encrypted_extra"))
            row = item.text.splitlines()[item.line(*path) - 1] if named else ""
            if named and value and not MASKED.match(value) and "<<" not in row:
                message = f"Database {database.database_name!r} has a secret in {'.'.join(map(str, path))}."
                context.report("L002", item, path, message, fix)


def _texts(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, (*path, str(key)))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _texts(one, (*path, number))
    elif isinstance(value, str):
        yield path, value


@rule("L003", FAMILY, "no dataset names a database")
def databases(context: Context) -> None:
    connections = context.assets.by_uuid("databases")
    for item, dataset in context.assets.datasets():
        sql = re.sub(r"--[^\n]*|'(?:[^'\\]|\\.)*'", " ", dataset.sql or "")
        connection = connections.get(str(dataset.database_uuid))
        own = str(connection.data.get("sqlalchemy_uri", "")).rpartition("/")[2].partition("?")[0] if connection else ""
        for name in dict.fromkeys(match[1] for match in _DATABASE.finditer(sql)):
            if name not in NOT_OF_DBT:
                message = f"Dataset {dataset.table_name!r}: its SQL names the database {name!r}."
                file, line = line_of_name(context, item, name)
                fix = "Name the table alone: the connection has the database."
                shortened = name == own and file.startswith("queries/")
                edit = Edit((), (f"{name}.", ""), f"removed {name}.") if shortened else None
                context.findings.report("L003", file, line, message, fix, edit)
        schema = dataset.table_schema
        if own and schema and "<<" not in own and schema not in {own, *NOT_OF_DBT}:
            message = f"Dataset {dataset.table_name!r} is in the database {schema!r}, its connection in {own!r}."
            context.report(
                "L003", item, ("schema",), message, f"Write `schema: {own}`, and read a model that is there."
            )


def _drawn(context: Context) -> Iterator[tuple[Item, Chart | Dashboard]]:
    yield from context.assets.charts()
    yield from context.assets.dashboards()


@rule("L004", FAMILY, "no number of one Superset is written down")
def numbers(context: Context) -> None:
    fix = "Remove it: assets are known by their uuids and file names."
    for item, asset in _drawn(context):
        for path in numbers_in(item, asset):
            name = ".".join(map(str, path))
            edit = Edit(path, REMOVE, f"removed {name}")
            context.report("L004", item, path, f"{name} holds a number that only one Superset knows.", fix, edit)


def numbers_in(item: Item, asset: Chart | Dashboard) -> Iterator[tuple[str | int, ...]]:
    """Where an asset refers to another one by a number."""
    if isinstance(asset, Chart):
        yield from (("params", key) for key in CHART_NUMBERS if asset.params.get(key))
        return
    if item.data.get("theme_id"):
        yield ("theme_id",)
    for number, entry in enumerate(asset.metadata.native_filter_configuration):
        path = ("metadata", "native_filter_configuration", number)
        targets = item.data["metadata"]["native_filter_configuration"][number].get("targets") or []
        yield from ((*path, "targets", n, "datasetId") for n, target in enumerate(targets) if "datasetId" in target)
        if asset.layout is not None:
            excluded = enumerate(entry.scope.excluded)
            yield from ((*path, "scope", "excluded", n) for n, chart in excluded if isinstance(chart, int))


@rule("L005", FAMILY, "nothing is kept that Superset computes for itself")
def looks(context: Context) -> None:
    fix = "Remove it: Superset computes it anew."
    for item, asset in _drawn(context):
        for path in looks_in(item, asset):
            name = ".".join(map(str, path))
            edit = Edit(path, REMOVE, f"removed {name}")
            context.report("L005", item, path, f"{name} is a note of one Superset.", fix, edit)


def looks_in(item: Item, asset: Chart | Dashboard) -> Iterator[tuple[str | int, ...]]:
    """Where an asset carries what Superset notes down for itself."""
    if isinstance(asset, Chart):
        yield from (("params", key) for key in CHART_LOOKS if asset.params.get(key))
        return
    metadata = item.data["metadata"]
    yield from (("metadata", key) for key in DASHBOARD_LOOKS if metadata.get(key))
    for number, entry in enumerate(metadata.get("native_filter_configuration") or []):
        path = ("metadata", "native_filter_configuration", number)
        yield from ((*path, key) for key in FILTER_LOOKS if entry.get(key))
