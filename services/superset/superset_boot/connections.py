"""Connections to the warehouse that outlive a query."""

from __future__ import annotations

import json
import threading
from typing import Any, ClassVar

from clickhouse_connect.cc_sqlalchemy.dialect import ClickHouseDialect
from sqlalchemy import create_engine
from sqlalchemy.engine import URL, Connection, Engine

_engines: dict[tuple[str, str], Engine] = {}
_lock = threading.Lock()


def reuse_connections(
    url: URL, params: dict[str, Any], _user: str | None, _security_manager: Any, _source: Any
) -> tuple[URL, dict[str, Any]]:
    """Superset's DB_CONNECTION_MUTATOR: lend each query a connection from a pool.

    Superset makes an engine for every look at a database, three for one chart, and ClickHouse's driver asks four
    questions over each new connection: 12 of a chart's 13 requests. Here they are asked once a connection.
    """
    if url.get_backend_name() != "clickhousedb":
        return url, params
    # A query that was given up may still run on the server: in a session it would lock the connection's next query out.
    arguments = {"autogenerate_session_id": False, **params.get("connect_args", {})}
    key = (url.render_as_string(hide_password=False), json.dumps(arguments, sort_keys=True, default=str))
    with _lock:
        if key not in _engines:
            # One for each of the server's threads. ClickHouse knows no transaction that a return would have to end.
            _engines[key] = create_engine(
                url, connect_args=arguments, pool_size=8, pool_recycle=600, pool_reset_on_return=None
            )
    return url, {**params, "creator": _engines[key].raw_connection}


class Dialect(ClickHouseDialect):
    """ClickHouse's dialect, which asks once which database a connection begins in, and not for each of Superset's
    engines: SQLAlchemy asks with the first connection of an engine, also when that is lent."""

    _learned: ClassVar[dict[URL, dict[str, Any]]] = {}

    def initialize(self, connection: Connection) -> None:
        """SQLAlchemy's hook for the first connection of an engine."""
        url = connection.engine.url
        if url not in self._learned:
            before = dict(vars(self))
            super().initialize(connection)
            self._learned[url] = {name: each for name, each in vars(self).items() if before.get(name) is not each}
        vars(self).update(self._learned[url])
