"""Sessions: connections that keep temporary tables and settings between a client's requests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic

from embedded_clickhouse.engine import Connection, Engine
from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.request import Request
from embedded_clickhouse.users import User

_MOST_SESSIONS = 200


@dataclass
class _Session:
    connection: Connection
    expires: float = 0.0
    locked: bool = False


class Sessions:
    """The sessions of all users; a session belongs to one user and to one request at a time."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._sessions: dict[tuple[str, str], _Session] = {}
        self._lock = threading.Lock()

    @contextmanager
    def connection(self, request: Request, user: User) -> Iterator[Connection]:
        """The session's connection, for one request.

        Raises ClickHouseError when it is missing, busy or one too many.
        """
        key = (user.name, request.session_id)
        session = self._take(key, request, user)
        try:
            yield session.connection
        finally:
            with self._lock:
                session.locked = False
                session.expires = monotonic() + request.session_timeout
                if request.close_session:
                    del self._sessions[key]
            if request.close_session:
                session.connection.close()

    def _take(self, key: tuple[str, str], request: Request, user: User) -> _Session:
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                if request.session_check:
                    raise ClickHouseError(372, "SESSION_NOT_FOUND", f"Session {request.session_id} not found")
                if len(self._sessions) >= _MOST_SESSIONS:
                    raise ClickHouseError(
                        202, "TOO_MANY_SIMULTANEOUS_QUERIES", f"Too many sessions. Maximum: {_MOST_SESSIONS}"
                    )
                session = self._sessions[key] = _Session(self._engine.connect(user))
            elif session.locked:
                raise ClickHouseError(
                    373, "SESSION_IS_LOCKED", f"Session {request.session_id} is locked by a concurrent client"
                )
            session.locked = True
            return session

    def expire(self, everything: bool = False) -> None:
        """Close the sessions whose time is over."""
        now = monotonic()
        with self._lock:
            over = [k for k, s in self._sessions.items() if not s.locked and (everything or s.expires < now)]
            ended = [self._sessions.pop(key) for key in over]
        for session in ended:
            session.connection.close()
