"""KILL QUERY by the query ids that clients know."""

import json
import re
from dataclasses import dataclass, replace

from embedded_clickhouse.engine import MARK, Connection, Engine
from embedded_clickhouse.inspection import Inspector, Plan
from embedded_clickhouse.policy import Tree
from embedded_clickhouse.request import Request
from embedded_clickhouse.sql import quote_string
from embedded_clickhouse.statement import cut_format
from embedded_clickhouse.users import User

_SHOWN = {
    "query_id": "String",
    "user": "String",
    "initial_query_id": "String",
    "initial_user": "String",
    "query": "String",
    "query_kind": "String",
    "current_database": "String",
    "elapsed": "Float64",
    "read_rows": "UInt64",
    "read_bytes": "UInt64",
    "written_rows": "UInt64",
    "memory_usage": "Int64",
}
_OUTFILE = re.compile(r"INTO OUTFILE '/proc/self/fd/\d+' APPEND ")
_ANSWER = "'kill_status String, query_id String, user String, query String'"


@dataclass(frozen=True)
class _Running:
    """A running query: the engine's id for it, and what a client may know of it."""

    engine_id: str
    shown: dict[str, str]


class Killer:
    """Stops queries. Everybody may stop their own, an admin everybody's."""

    def __init__(self, engine: Engine, inspector: Inspector) -> None:
        self._engine = engine
        self._inspector = inspector

    def kill(self, plan: Plan, user: User, connection: Connection, request: Request) -> Plan:
        """Stop what the condition names.

        Returns the query that answers with what was stopped, as KILL does.
        """
        running = [one for one in self._running(user) if one.shown["query_id"] != request.query_id]
        chosen = self._chosen(plan.kills or {}, running, connection, request) if running else set()
        stopped = [one for one in running if one.shown["query_id"] in chosen]
        if stopped:
            ids = ", ".join(quote_string(one.engine_id) for one in stopped)
            self._engine.own(f"KILL QUERY WHERE query_id IN ({ids}) {'SYNC' if plan.kill_waits else 'ASYNC'}")
        status = "finished" if plan.kill_waits else "waiting"
        rows = [
            "(" + ", ".join(map(quote_string, (status, *(one.shown[c] for c in ("query_id", "user", "query"))))) + ")"
            for one in stopped
        ]
        text = f"SELECT * FROM values({_ANSWER}, {', '.join(rows)})" if rows else f"SELECT * FROM null({_ANSWER})"
        if wanted := cut_format(plan.text).format:
            text += f" FORMAT {wanted}"
        return replace(plan, text=text.encode("utf-8", "surrogateescape"), reads=True)

    def _running(self, user: User) -> list[_Running]:
        columns = ", ".join(f"toString({name})" for name in _SHOWN if name not in ("query_id", "user"))
        answer = self._engine.own_bytes(
            f"SELECT query_id, Settings['{MARK}'], {columns} FROM system.processes FORMAT JSONCompactEachRow".encode()
        )
        found = []
        for line in answer.decode("utf-8", "surrogateescape").splitlines():
            engine_id, mark, *values = json.loads(line)
            owner, _, query_id = mark.partition("/")
            if query_id and (user.admin or owner == user.name):
                names = [name for name in _SHOWN if name not in ("query_id", "user")]
                shown = dict(zip(names, values, strict=True))
                shown |= {
                    "query_id": query_id,
                    "user": owner,
                    "initial_query_id": query_id,
                    "initial_user": owner,
                }
                found.append(_Running(engine_id, shown))
        return found

    def _chosen(self, condition: Tree, running: list[_Running], connection: Connection, request: Request) -> set[str]:
        """The query ids that the condition is true for. It is evaluated with the user's own privileges."""
        structure = ", ".join(f"{name} {kind}" for name, kind in _SHOWN.items())
        rows = ", ".join("(" + ", ".join(quote_string(one.shown[name]) for name in _SHOWN) + ")" for one in running)
        text = f"SELECT query_id FROM values({quote_string(structure)}, {rows}) WHERE 1"
        tree = self._inspector.parse(text.encode("utf-8", "surrogateescape"))
        tree["list_of_selects"]["children"][0]["where"] = condition
        answer = connection.query(self._inspector.format(tree) + b" FORMAT JSONCompactEachRow", params=request.params)
        return {json.loads(line)[0] for line in answer.data.decode("utf-8", "surrogateescape").splitlines()}
