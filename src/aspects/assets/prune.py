"""Assets that a Superset holds and no file describes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from aspects.assets.source import Assets
from aspects.assets.superset_client import SupersetClient
from aspects.assets.translate import copies

KINDS = {
    "dashboard": ("dashboards", "dashboard_title"),
    "chart": ("charts", "slice_name"),
    "dataset": ("datasets", "table_name"),
    "database": ("databases", "database_name"),
}
"""Superset's word for a kind, in the order in which they can be removed: our folder, and the key of the name."""
_PAGE = 100


@dataclass(frozen=True)
class Stray:
    """An asset without a file. `id` is its number in that Superset."""

    kind: str
    id: int
    uuid: str
    name: str


def strays(client: SupersetClient, assets: Assets) -> list[Stray]:
    """What is in Superset and in no file; translated copies of what has a file are not meant.

    Raises SupersetError.
    """
    found = []
    for kind, (folder, name) in KINDS.items():
        described = {item.uuid for item in assets.of(folder)}
        described |= {copy for uuid in described if uuid for copy in copies(uuid, assets.folder).values()}
        found += [
            Stray(kind, int(row["id"]), str(row["uuid"]), str(row.get(name) or ""))
            for row in _listed(client, kind)
            if str(row["uuid"]).lower() not in described
        ]
    return found


def _listed(client: SupersetClient, kind: str) -> Iterator[dict[str, Any]]:
    page = 0
    while True:
        answer = client.get(f"{kind}/", q=f"(order_column:changed_on_delta_humanized,page:{page},page_size:{_PAGE})")
        yield from answer["result"]
        page += 1
        if page * _PAGE >= int(answer["count"]):
            return


def remove(client: SupersetClient, found: Iterable[Stray]) -> Iterator[Stray]:
    """Remove them one after another, what uses others first. Raises SupersetError."""
    order = list(KINDS)
    for stray in sorted(found, key=lambda each: order.index(each.kind)):
        client.delete(f"{stray.kind}/{stray.id}")
        yield stray
