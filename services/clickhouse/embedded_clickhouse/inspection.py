"""What a statement would do and whether its user may do it, as the engine's own parser sees it."""

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from embedded_clickhouse import policy, rewrite
from embedded_clickhouse.engine import MARK, Engine
from embedded_clickhouse.errors import ClickHouseError, access_denied, syntax_error
from embedded_clickhouse.policy import Tree, walk
from embedded_clickhouse.request import Request
from embedded_clickhouse.statement import cut_format
from embedded_clickhouse.users import User

_REMEMBERED = 4096
# An admin's statement needs a closer look only where one of these words can be; anybody else's always does.
_NEEDS_TREE = re.compile(
    rb"outfile|infile|role|execute|definer|kill|processes|processlist|query_log|query_?id|user\s*\(|\buse\b|\bset\b"
)


@dataclass(frozen=True)
class Plan:
    """How to run a statement.

    text: what to give the engine. reads: it changes nothing and answers with rows. leaves_state: the
    connection may
    not be used by another request afterwards. sets, resets and uses: what it changes on the connection.
    kills: the
    condition of a KILL QUERY.
    """

    text: bytes
    reads: bool
    leaves_state: bool = False
    changes_session: bool = False
    sets: Mapping[str, str] = field(default_factory=dict)
    resets: tuple[str, ...] = ()
    uses: str = ""
    kills: Tree | None = None
    kill_waits: bool = False


class Inspector:
    """Decides on statements, and remembers the decision by the statement's text."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._plans: OrderedDict[tuple[str, bytes], Plan] = OrderedDict()
        self._lock = Lock()
        names = engine.own("SELECT name FROM system.settings WHERE type IN ('String', 'Map', 'URI')")
        self._text_settings = frozenset(names.decode().split())

    def check_request(self, request: Request, user: User) -> None:
        """Raise ClickHouseError when the URL holds a setting or database that its user may not choose."""
        if MARK in request.settings:
            raise ClickHouseError(452, "SETTING_CONSTRAINT_VIOLATION", f"Setting {MARK} is the server's own.")
        if not user.admin:
            policy.check_database(request.database, user)
            for name in request.settings:
                policy.check_setting(name, user, self._text_settings)

    def inspect(self, text: bytes, request: Request, user: User) -> Plan:
        """Decide on a statement. Raises ClickHouseError when it is none, is several, or is not allowed."""
        key = (user.name, text)
        with self._lock:
            plan = self._plans.get(key)
        if plan is None:
            plan = self._inspect(text, request, user)
            names_by_value = request.params and b"Identifier" in text
            if not names_by_value and request.query_id.encode() not in plan.text:
                self._remember(key, plan)
        if request.method == "GET" and not (plan.reads or plan.changes_session):
            raise _readonly()
        return plan

    def _remember(self, key: tuple[str, bytes], plan: Plan) -> None:
        if len(key[1]) > 1 << 16:
            return
        with self._lock:
            self._plans[key] = plan
            if len(self._plans) > _REMEMBERED:
                self._plans.popitem(last=False)

    def _inspect(self, text: bytes, request: Request, user: User) -> Plan:
        facts = self._engine.classify(text)
        if facts["statement_count"] == 0:
            self._tree(text)
            raise syntax_error("not a statement of ClickHouse.")
        if facts["statement_count"] > 1:
            raise syntax_error("Multi-statements are not allowed. Send one statement a request.")
        reads = facts["query_class"].name == "READ_ONLY"
        plan = Plan(text, reads, leaves_state=not reads)
        if user.admin and not _NEEDS_TREE.search(text.lower()):
            return plan
        tree = self._tree(text)
        if tree is None:
            return self._inspect_without_tree(plan, request, user)
        if any("out_file" in node or "infile" in node for node in walk(tree)):
            raise ClickHouseError(
                153,
                "INTO_OUTFILE_NOT_ALLOWED",
                "INTO OUTFILE and FROM INFILE are not allowed over HTTP. Send or take the rows.",
            )
        if not user.admin:
            policy.check_statement(tree, user, request.params, self._text_settings)
        return self._with_tree(plan, tree, request, user)

    def _with_tree(self, plan: Plan, tree: Tree, request: Request, user: User) -> Plan:
        kind = tree.get("type")
        if kind == "SetQuery":
            sets = {change["name"]: _text_of(change["value"]) for change in tree.get("changes", ())}
            known = {name: value for name, value in sets.items() if value is not None}
            resets = tuple(map(str, tree.get("default_settings", ())))
            return replace(plan, changes_session=True, sets=known, resets=resets)
        if kind == "UseQuery":
            return replace(plan, changes_session=True, uses=str((tree.get("database") or {}).get("name", "")))
        if kind == "KillQueryQuery" and tree.get("kill_type") == "Query":
            return replace(plan, kills=tree.get("where_expression"), kill_waits=bool(tree.get("sync")))
        if rewrite.has_own_definer(tree):
            text = rewrite.name_definer(plan.text, user)
            named = self._tree(text)
            if named is None or rewrite.has_own_definer(named):
                raise access_denied(user.name, "SET DEFINER ON default")
            return replace(plan, text=text)
        if rewrite.translate(tree, user, request.query_id, self.parse):
            return replace(plan, text=self.format(tree))
        return plan

    def _inspect_without_tree(self, plan: Plan, request: Request, user: User) -> Plan:
        explained = self._engine.own_bytes(b"EXPLAIN AST " + plan.text).decode("utf-8", "replace")
        kind = explained.split(maxsplit=1)[0]
        if kind in ("SetRoleQuery", "ExecuteAsQuery"):
            raise ClickHouseError(
                512,
                "SET_NON_GRANTED_ROLE",
                "Each user has one role here, which is always on. Log in as the user you need.",
            )
        if kind == "ShowProcesslistQuery":
            text = b"SELECT * FROM system.processes ORDER BY elapsed DESC" + _format_clause(plan.text)
            return self._inspect(text, request, user)
        if not user.admin:
            policy.check_plain_statement(explained, user)
        return plan

    def _tree(self, text: bytes) -> Tree | None:
        """The engine's syntax tree; None for the kinds of statement that it cannot write as JSON.

        Raises ClickHouseError where the syntax is wrong.
        """
        literal = b"'" + text.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"
        try:
            answer = self._engine.own_bytes(b"SELECT parseQueryToJSON(" + literal + b") FORMAT TSVRaw")
        except ClickHouseError as error:
            if "does not support JSON" in error.text:
                return None
            error.text = error.text.split(": In scope SELECT parseQueryToJSON", 1)[0]
            raise
        tree: Tree = json.loads(answer.decode("utf-8", "replace"))
        return tree

    def parse(self, text: bytes) -> Tree:
        """The syntax tree of a statement of the server's own."""
        tree = self._tree(text)
        if tree is None:
            raise syntax_error("a statement of the server's own cannot be parsed.")
        return tree

    def format(self, tree: Tree) -> bytes:
        """The statement that a tree stands for."""
        text = json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogateescape")
        literal = b"'" + text.replace(b"\\", b"\\\\").replace(b"'", b"\\'") + b"'"
        return self._engine.own_bytes(b"SELECT formatQueryFromJSON(" + literal + b") FORMAT TSVRaw").strip()


def _format_clause(text: bytes) -> bytes:
    name = cut_format(text).format
    return f" FORMAT {name}".encode() if name else b""


def _text_of(value: Any) -> str | None:
    """A setting's value as text; None for kinds that are not kept between a session's requests."""
    plain = value.get("value") if isinstance(value, dict) else None
    if isinstance(plain, bool):
        return str(int(plain))
    return str(plain) if isinstance(plain, (str, int, float)) else None


def _readonly() -> ClickHouseError:
    return ClickHouseError(
        164,
        "READONLY",
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
        "You should use method POST for modifying queries.",
    )
