"""How Superset is used, copied into the warehouse: which dashboards and charts, when, and how fast.

Superset's own database holds passwords and sessions beside its log, so no chart reads it. What the Operator Dashboard
shows of it is copied, numbers without names: the user `usage` may insert these tables and nothing else.
"""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from superset_boot.logs import say

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client
    from flask import Flask

Row = dict[str, Any]

PAUSE = 10.0
"""Seconds between two copies."""
OVERLAP = 200
"""Rows of the log that are read again: of two that are written at once, the lower number may be seen later."""
BATCH = 10_000
ACTIONS = {
    "dashboard": "dashboard opened",
    "ChartDataRestApi.data": "chart loaded",
    "SqlLabRestApi.execute_sql_query": "query run",
}
"""What is copied of Superset's log, and what the warehouse calls it."""


class Usage:
    """Copies again and again, each time what is new. A copy that comes twice changes nothing in the warehouse."""

    def __init__(self, app: Flask, warehouse: Client) -> None:
        self._app = app
        self._warehouse = warehouse
        self._last: int | None = None
        self._known: dict[str, list[Row]] = {}

    def copy(self) -> None:
        """Copy what has come since the last time. Raises what the database or the warehouse does."""
        from superset.extensions import db

        with self._app.app_context(), Session(db.engine) as session:
            self._copy_changed("superset_users", _users(session))
            self._copy_changed("superset_titles", _titles(session))
            if self._last is None:
                self._last = _first_after(session, self._newest()) - 1
            while rows := _actions(session, self._last - OVERLAP):
                self._insert("superset_actions", rows)
                newest = max(row["action_id"] for row in rows)
                if newest <= self._last:
                    break
                self._last = newest

    def _newest(self) -> datetime:
        """The newest action that the warehouse has: after it goes on what is copied, whichever of the two is new."""
        found = self._warehouse.query("select max(happened_at) from reporting.superset_actions").first_row
        return datetime(1970, 1, 1) if found is None else found[0].replace(tzinfo=None)  # noqa: DTZ001  # Superset's times have no zone

    def _copy_changed(self, table: str, rows: list[Row]) -> None:
        if rows != self._known.get(table):
            self._insert(table, rows)
            self._known[table] = rows

    def _insert(self, table: str, rows: list[Row]) -> None:
        lines = "\n".join(json.dumps(row) for row in rows)
        if lines:
            self._warehouse.raw_insert(f"reporting.{table}", insert_block=lines, fmt="JSONEachRow")


def _first_after(session: Session, moment: datetime) -> int:
    """The number of the first action at or after a moment of UTC; the next one to come when there is none."""
    from superset.models.core import Log

    found = session.scalar(select(func.min(Log.id)).where(Log.dttm >= moment))
    return int(found or (session.scalar(select(func.max(Log.id))) or 0) + 1)


def _actions(session: Session, after: int) -> list[Row]:
    from superset.models.core import Log

    asked = select(Log.id, Log.dttm, Log.user_id, Log.action, Log.dashboard_id, Log.slice_id, Log.duration_ms)
    found = session.execute(asked.where(Log.id > after, Log.action.in_(ACTIONS)).order_by(Log.id).limit(BATCH))
    return [
        {
            "happened_at": row.dttm.isoformat(sep=" "),
            "action_id": row.id,
            "user_id": row.user_id or 0,
            "action": ACTIONS[row.action],
            "dashboard_id": max(row.dashboard_id or 0, 0),
            "chart_id": max(row.slice_id or 0, 0),
            "milliseconds": max(row.duration_ms or 0, 0),
        }
        for row in found
    ]


def _users(session: Session) -> list[Row]:
    """When each person registered. Flask-AppBuilder writes that down in the time of the machine."""
    from superset import security_manager

    user = security_manager.user_model
    return [
        {"user_id": number, "registered_at": registered.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")}
        for number, registered in session.execute(select(user.id, user.created_on).order_by(user.id))
        if registered is not None
    ]


def _titles(session: Session) -> list[Row]:
    from superset.models.dashboard import Dashboard
    from superset.models.slice import Slice

    titles = {
        "dashboard": select(Dashboard.id, Dashboard.dashboard_title).order_by(Dashboard.id),
        "chart": select(Slice.id, Slice.slice_name).order_by(Slice.id),
    }
    return [
        {"kind": kind, "object_id": number, "title": title or ""}
        for kind, asked in titles.items()
        for number, title in session.execute(asked)
    ]


def copy_for_ever(app: Flask) -> None:
    """Copy in a thread of its own while the process lives. Without an address of the warehouse nothing is copied."""
    host = os.environ.get("WAREHOUSE_HOST")
    if host:
        threading.Thread(target=_copy_for_ever, args=(app, host), name="usage", daemon=True).start()


def _copy_for_ever(app: Flask, host: str) -> None:
    from clickhouse_connect import get_client

    usage: Usage | None = None
    failed = False
    pause = threading.Event()
    while True:
        try:
            usage = usage or Usage(
                app,
                get_client(
                    host=host,
                    port=int(os.environ["WAREHOUSE_PORT"]),
                    username="usage",
                    password=os.environ["WAREHOUSE_USAGE_PASSWORD"],
                    autogenerate_session_id=False,
                ),
            )
            usage.copy()
            failed = False
        except Exception as error:
            # The warehouse may be starting, or its tables may not be there yet: what is new stays in the log.
            if not failed:
                say(f"Usage is not copied into the warehouse for now: {' '.join(str(error).split())[:300]}")
            failed = True
        pause.wait(PAUSE)
