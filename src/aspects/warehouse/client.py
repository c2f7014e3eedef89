"""Connections to the warehouse."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.secrets import load_secrets

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

USERS = ("admin", "lrs", "sink", "dbt", "report", "usage", "retention", "privacy")
WRONG_PASSWORD = (193, 194, 516)
"""ClickHouse's error codes for a login that fails."""
MISSING = (60, 81)
"""ClickHouse's error codes for a table or a database that is not there."""


def connect(settings: Settings, user: str = "admin", **query_settings: Any) -> Client:
    """A client of the warehouse, logged in as one of `USERS`.

    `query_settings` are ClickHouse settings that go with every query. The client has no session, so it may
    be used by several threads.

    Raises AspectsError: `warehouse.user` for a user that is not one of ours, `warehouse.unreachable` when
    nothing answers, `warehouse.login` when the password is refused, `warehouse.query` for any other answer
    that is no success.
    """
    if user not in USERS:
        raise AspectsError(
            f"The warehouse has no user named {user!r}.",
            why=f"Its users are {', '.join(USERS)}.",
            fix="Choose one of them.",
            code="warehouse.user",
            status=2,
        )
    import clickhouse_connect  # takes 0.3 s: only commands that query should pay it
    from clickhouse_connect.driver.exceptions import ClickHouseError

    for chatty in ("clickhouse_connect", "urllib3.connectionpool"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)  # what they log, the error says too
    try:
        return clickhouse_connect.get_client(
            host=settings.host,
            port=settings.clickhouse_port,
            username=user,
            password=load_secrets(settings)[f"CLICKHOUSE_{user.upper()}_PASSWORD"],
            autogenerate_session_id=False,
            settings=query_settings,
        )
    except ClickHouseError as error:
        raise explain(error, settings, user) from error


def explain(error: Exception, settings: Settings, user: str) -> AspectsError:
    """The error of a ClickHouse client in words that say what to do next."""
    why = first_line(error)
    code = error_code(error)
    if code in WRONG_PASSWORD:
        return AspectsError(
            f"The warehouse refused the password of its user {user}.",
            why=f"{settings.clickhouse_url} was started with other passwords than those in {settings.state}.",
            fix="If another stack runs on that port, set ASPECTS_CLICKHOUSE_PORT; "
            "else run ./inv dev.down and ./inv dev.up.",
            code="warehouse.login",
        )
    if code is None:
        return AspectsError(
            f"The warehouse does not answer at {settings.clickhouse_url}.",
            why=why,
            fix="Start it with ./inv dev.up; ./inv dev.status shows whether it runs.",
            code="warehouse.unreachable",
        )
    fix = "Build what is missing: ./inv warehouse.migrate, then ./inv dbt.run." if code in MISSING else ""
    return AspectsError("The warehouse refused a query.", why=why, fix=fix, code="warehouse.query")


def error_code(error: Exception) -> int | None:
    """ClickHouse's number for an error; None when the error is not of the server's making."""
    code = getattr(error, "code", None)
    if isinstance(code, int) and code > 0:
        return code
    for mark in ("error code ", "Code: "):
        _, found, rest = str(error).partition(mark)
        number = rest.split(maxsplit=1)[0].strip(".,:)") if found and rest.strip() else ""
        if number.isdigit():
            return int(number)
    return None


def first_line(error: Exception) -> str:
    """What the server says in an error, without the client's frame around it and the server's stack trace."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return re.sub(r"^.*?DB::Exception: ", "", line).partition(" (version ")[0].partition(" (for url ")[0][:500]
