"""What a statement would do and whether its user may do it, as the engine's own parser sees it."""

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

from embedded_clickhouse.engine import Connection, Engine
from embedded_clickhouse.errors import ClickHouseError, syntax_error
from embedded_clickhouse.request import Request
from embedded_clickhouse.users import User

_REMEMBERED = 4096


@dataclass(frozen=True)
class Plan:
    """How to run a statement. reads: it changes nothing and answers with rows. leaves_state: the connection may
    not be used by another request afterwards."""

    text: bytes
    reads: bool
    leaves_state: bool


class Inspector:
    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._plans: OrderedDict[tuple[str, bytes], Plan] = OrderedDict()
        self._lock = Lock()

    def inspect(self, text: bytes, request: Request, user: User, connection: Connection) -> Plan:
        """Decide on a statement. Raises ClickHouseError when it is none, is several, or is not allowed."""
        key = (user.name, text)
        with self._lock:
            plan = self._plans.get(key)
        if plan is None:
            plan = self._inspect(text, user, connection)
            with self._lock:
                self._plans[key] = plan
                if len(self._plans) > _REMEMBERED:
                    self._plans.popitem(last=False)
        self._check_method(plan, request)
        return plan

    def _inspect(self, text: bytes, user: User, connection: Connection) -> Plan:
        facts = self._engine.classify(text)
        if facts["statement_count"] == 0:
            self._raise_syntax_error(text, connection)
        if facts["statement_count"] > 1:
            raise syntax_error("Multi-statements are not allowed. Send one statement a request.")
        kind = facts["query_class"].name
        return Plan(text, kind == "READ_ONLY", kind != "READ_ONLY")

    def inspect_insert(self, head: bytes, request: Request, user: User, connection: Connection) -> None:
        """Decide on an INSERT without its rows."""
        if request.method == "GET":
            raise _readonly()

    @staticmethod
    def _check_method(plan: Plan, request: Request) -> None:
        if request.method == "GET" and not plan.reads:
            raise _readonly()

    @staticmethod
    def _raise_syntax_error(text: bytes, connection: Connection) -> None:
        """Let the engine say where the error is; the text in front keeps it from taking a word for a command."""
        connection.query(b"/**/ " + text)
        raise syntax_error("not a statement of ClickHouse.")


def _readonly() -> ClickHouseError:
    return ClickHouseError(
        164,
        "READONLY",
        "Cannot execute query in readonly mode. For queries over HTTP, method GET implies readonly. "
        "You should use method POST for modifying queries.",
    )
