"""What an import does to Superset, asset by asset, and the removal of assets that are retired."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

State = dict[tuple[str, str], tuple[str, str]]
"""Kind and uuid of an asset to its name and all that it says, as text that is equal when nothing differs."""
_JSON = ("params", "query_context", "json_metadata", "position_json", "extra", "template_params")


@dataclass(frozen=True)
class Change:
    """`action` is create, update, unchanged, remove, or kept: a retired asset that something still uses."""

    kind: str
    uuid: str
    name: str
    action: str


def state_of(session: Any, wanted: Iterable[tuple[str, str]]) -> State:
    """What Superset holds of the assets with these kinds and uuids."""
    found: State = {}
    by_kind: dict[str, set[str]] = {}
    for kind, uuid in wanted:
        by_kind.setdefault(kind, set()).add(uuid)
    for kind, (model, name) in _models().items():
        for asset in session.query(model).filter(model.uuid.in_([UUID(each) for each in by_kind.get(kind, ())])):
            found[kind, str(asset.uuid)] = (str(getattr(asset, name)), _told(kind, asset))
    return found


def changes(before: State, after: State) -> list[Change]:
    """What differs between two states, in the order of kinds and names."""
    order = list(_models())
    found = []
    for key in before.keys() | after.keys():
        kind, uuid = key
        name = (after.get(key) or before[key])[0]
        if key not in after:
            action = "remove"
        elif key not in before:
            action = "create"
        else:
            action = "unchanged" if before[key] == after[key] else "update"
        found.append(Change(kind, uuid, name, action))
    return sorted(found, key=lambda each: (order.index(each.kind), each.name, each.uuid))


def retire(session: Any, retired: Iterable[tuple[str, str]]) -> list[Change]:
    """Remove assets that are in Superset still. One that another asset uses, such as a chart that somebody made of
    a retired dataset, stays; the change says so."""
    models = _models()
    # What uses others goes first.
    order = list(reversed(models))
    done = []
    for kind, uuid in sorted(set(retired), key=lambda each: order.index(each[0])):
        model, name = models[kind]
        asset = session.query(model).filter(model.uuid == UUID(uuid)).one_or_none()
        if asset is None:
            continue
        used = _is_used(session, kind, asset)
        done.append(Change(kind, uuid, str(getattr(asset, name)), "kept" if used else "remove"))
        if not used:
            session.delete(asset)
            session.flush()
    return done


def _is_used(session: Any, kind: str, asset: Any) -> bool:
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.slice import Slice

    if kind == "databases":
        return bool(session.query(SqlaTable).filter_by(database_id=asset.id).count())
    if kind == "datasets":
        return bool(session.query(Slice).filter_by(datasource_id=asset.id, datasource_type="table").count())
    if kind == "charts":
        return bool(asset.dashboards)
    return False


def _models() -> dict[str, tuple[Any, str]]:
    from superset.connectors.sqla.models import SqlaTable
    from superset.models.core import Database
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    return {
        "databases": (Database, "database_name"),
        "datasets": (SqlaTable, "table_name"),
        "charts": (Slice, "slice_name"),
        "dashboards": (Dashboard, "dashboard_title"),
    }


def _told(kind: str, asset: Any) -> str:
    told = asset.export_to_dict(recursive=kind == "datasets", include_defaults=True, export_uuids=True)
    for key in _JSON:
        if isinstance(told.get(key), str):
            try:
                told[key] = json.loads(told[key])
            except ValueError:
                continue
    for key, name in (("columns", "column_name"), ("metrics", "metric_name")):
        if isinstance(told.get(key), list):
            told[key] = sorted(told[key], key=lambda each: str(each.get(name)))
    if kind == "databases":
        told["password"] = asset.password
    if kind == "charts":
        told["dataset"] = asset.datasource_id
    if kind == "dashboards":
        told["roles"] = sorted(role.name for role in asset.roles)
        told["charts"] = sorted(str(chart.uuid) for chart in asset.slices)
    return json.dumps(told, sort_keys=True, default=str)
