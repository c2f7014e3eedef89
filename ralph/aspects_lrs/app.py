"""The LRS: xAPI 1.0.3 for statements over our store, and Ralph's own application for everything else.

Requests that need what only Ralph has (OpenID Connect, forwarding to other LRSs, partial success) go to Ralph's
routes, whose backend is `backend.py` and so the same store. Sections in brackets are those of part three of the
specification, "Data Processing, Validation, and Security".
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from ralph.api import app as ralph
from ralph.api.auth.user import AuthenticatedUser
from ralph.api.forwarding import get_active_xapi_forwardings
from ralph.conf import settings as ralph_settings
from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from aspects_lrs.answers import VERSION, VERSION_HEADER, RefusedError, answer
from aspects_lrs.backend import clickhouse, store
from aspects_lrs.clickhouse import UnavailableError
from aspects_lrs.equality import Statement
from aspects_lrs.identity import authenticate, require
from aspects_lrs.reading import Question, is_voided, read_page, shown_as
from aspects_lrs.store import BusyError, ConflictError, complete
from aspects_lrs.validation import InvalidError, check_agent, check_statement, check_uuid, read_time

Handler = Callable[[Request, AuthenticatedUser], Awaitable[Response]]

STATEMENTS = "/xAPI/statements"
ABOUT = "/xAPI/about"
LARGEST_BODY = 64 * 1024 * 1024
LARGE = 1_000_000
"""Bytes: a larger request is read and checked in a thread, so that others are answered meanwhile."""
OURS = re.compile(r"1\.0(\.\d+)?")
OF_RALPH = {"partialSuccess", "ignoreInvalid"}
SINGLE = {"statementId", "voidedStatementId"}
FORMATS = ("exact", "ids", "canonical")
PAGES = {"search_after", "pit_id"}
QUESTION = {
    "agent",
    "verb",
    "activity",
    "registration",
    "related_activities",
    "related_agents",
    "since",
    "until",
    "limit",
    "ascending",
    "mine",
    *PAGES,
}

log = logging.getLogger(__name__)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    path = scope.get("path", "").rstrip("/")
    if scope["type"] != "http" or path not in (STATEMENTS, ABOUT) or _needs_ralph(scope):
        await ralph(scope, receive, send)
        return
    request = Request(scope, receive)
    response = await (_about(request) if path == ABOUT else _statements(request))
    if request.method == "HEAD":
        response.body = b""
    await response(scope, receive, send)


def _needs_ralph(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    asked = QueryParams(scope.get("query_string", b""))
    return (
        headers.get("authorization", "").lower().startswith("bearer ")
        or bool(OF_RALPH & asked.keys())
        or bool(get_active_xapi_forwardings())
    )


@asynccontextmanager
async def _running() -> AsyncIterator[None]:
    store.start()
    try:
        yield
    finally:
        await store.stop()
        await clickhouse.close()


async def _live(receive: Receive, send: Send) -> None:
    await receive()
    async with _running():
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def _about(request: Request) -> Response:
    """What versions are spoken (2.8)."""
    if request.method not in ("GET", "HEAD"):
        return answer(405, {"detail": "This resource is read only."}, {"Allow": "GET, HEAD"})
    return answer(200, {"version": ["1.0.0", "1.0.1", "1.0.2", VERSION], "extensions": {}})


async def _statements(request: Request) -> Response:
    handler = HANDLERS.get(request.method)
    if handler is None:
        return answer(405, {"detail": f"{request.method} is not for statements."}, {"Allow": ", ".join(HANDLERS)})
    try:
        user = await authenticate(request.headers.get("authorization", ""))
        _check_version(request.headers)
        return await handler(request, user)
    except RefusedError as refused:
        return answer(refused.status, {"detail": refused.why}, refused.headers)
    except (InvalidError, RecursionError) as invalid:
        return answer(400, {"detail": str(invalid)})
    except ConflictError as conflict:
        return answer(409, {"detail": str(conflict)})
    except BusyError as busy:
        return answer(503, {"detail": str(busy)}, {"Retry-After": "1"})
    except UnavailableError as unavailable:
        log.error("%s", unavailable)
        return answer(503, {"detail": "The statements could not be stored or read; try again."}, {"Retry-After": "1"})


def _check_version(headers: Mapping[str, str]) -> None:
    """Requests say their version, and it is 1.0 or 1.0.x (3.3)."""
    said = headers.get(VERSION_HEADER, "")
    if not OURS.fullmatch(said):
        what = f"{said!r} is another version" if said else "it is missing"
        raise RefusedError(400, f"The header {VERSION_HEADER} must be 1.0 or 1.0.x; {what}.")


def _known_parameters(request: Request, known: set[str]) -> QueryParams:
    """Parameters are known, and each comes once (2.1.3)."""
    asked = request.query_params
    if unknown := asked.keys() - known:
        raise RefusedError(400, f"The parameter {min(unknown)} is not known here; the specification has the names.")
    if len(asked.multi_items()) != len(asked):
        raise RefusedError(400, "A parameter is given twice.")
    return asked


async def _body(request: Request) -> bytes:
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise RefusedError(400, f"The content type {kind} is not taken: statements are application/json.")
    if int(request.headers.get("content-length") or 0) > LARGEST_BODY:
        raise RefusedError(413, f"A request may have {LARGEST_BODY} bytes.")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise RefusedError(413, f"A request may have {LARGEST_BODY} bytes.")
    return body


async def _away(read: Callable[[bytes], list[Statement]], body: bytes) -> list[Statement]:
    """What is read of a body, without holding up the others when it is large."""
    return await asyncio.to_thread(read, body) if len(body) > LARGE else read(body)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body, object_pairs_hook=_once, parse_constant=_no_constant)
    except ValueError as error:
        raise RefusedError(400, f"The body is no JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object that names nothing twice (part two, 2.2)."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice in an object")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _prepared(statements: list[Any], user: AuthenticatedUser) -> list[Statement]:
    """Statements to store: checked, each with its id and what an LRS adds."""
    now = datetime.now(UTC)
    agent = user.agent.model_dump(exclude_none=True, mode="json")
    may_say = user.scopes.is_authorized("authority/write")
    prepared = []
    for number, statement in enumerate(statements):
        try:
            check_statement(statement)
        except InvalidError as invalid:
            place = f"statement {number}, {invalid.place}" if len(statements) > 1 else invalid.place
            raise InvalidError(place, invalid.why) from None
        authority = statement["authority"] if may_say and "authority" in statement else agent
        named = {**statement, "id": str(UUID(statement["id"])) if "id" in statement else str(uuid4())}
        prepared.append(complete(named, authority, now))
    if len({each["id"] for each in prepared}) != len(prepared):
        raise RefusedError(400, "Two of the statements have one id.")
    return prepared


async def _put(request: Request, user: AuthenticatedUser) -> Response:
    """Store one statement under the id in the address (2.1.1)."""
    require(user, "statements/write")
    statement_id = _known_parameters(request, {"statementId"}).get("statementId", "")
    check_uuid(statement_id, "statementId")

    def read(body: bytes) -> list[Statement]:
        statement = _read(body)
        if not isinstance(statement, dict):
            raise RefusedError(400, "The body must be one statement.")
        if "id" in statement and str(statement["id"]).lower() != statement_id.lower():
            raise RefusedError(400, "The statement has another id than the address.")
        return _prepared([{**statement, "id": statement_id}], user)

    await store.add(await _away(read, await _body(request)))
    return answer(204)


async def _post(request: Request, user: AuthenticatedUser) -> Response:
    """Store one statement or a list of them, all or none (2.1.2): 200 with the ids of those that were new, or 204
    when all were stored already, as Ralph answers."""
    require(user, "statements/write")
    _known_parameters(request, set())

    def read(body: bytes) -> list[Statement]:
        found = _read(body)
        if found == []:
            raise RefusedError(400, "The list of statements is empty.")
        return _prepared(found if isinstance(found, list) else [found], user)

    new = await store.add(await _away(read, await _body(request)))
    return answer(200, new) if new else answer(204)


async def _get(request: Request, user: AuthenticatedUser) -> Response:
    """One statement by its id, or those that fit, a page at a time (2.1.3)."""
    require(user, "statements/read/mine")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    headers = {"X-Experience-API-Consistent-Through": now}
    asked = _known_parameters(request, SINGLE | QUESTION | {"format", "attachments"})
    form = asked.get("format", "exact")
    if form not in FORMATS:
        raise RefusedError(400, f"The format must be one of {', '.join(FORMATS)}.")
    languages = [
        each.partition(";")[0].strip().lower() for each in request.headers.get("accept-language", "").split(",")
    ]
    if SINGLE & asked.keys():
        if len(asked.keys() - {"format", "attachments"}) > 1:
            raise RefusedError(400, "A statement that is asked for by its id goes with format and attachments only.")
        found = await _single(asked, _whose(asked, user))
        return answer(200, shown_as(found, form, languages), headers)
    question = _question(asked, user)
    page = await read_page(clickhouse, question)
    statements = [shown_as(each, form, languages) for each in page.statements]
    content: dict[str, Any] = {"statements": statements, "more": ""}
    if page.next:
        moment, event_id = page.next
        again = {**asked, "search_after": moment.isoformat(), "pit_id": str(event_id)}
        content["more"] = f"{request.url.path}?{urlencode(again)}"
    return answer(200, content, headers)


async def _single(asked: QueryParams, whose: Statement | None) -> Statement:
    voided = "voidedStatementId" in asked
    name = "voidedStatementId" if voided else "statementId"
    check_uuid(asked[name], name)
    statement_id = str(UUID(asked[name]))
    statement = (await store.find({statement_id})).get(statement_id)
    theirs = statement is not None and (whose is None or statement.get("authority") == whose)
    if statement is None or not theirs or await is_voided(clickhouse, statement_id) != voided:
        raise RefusedError(404, "There is no such statement.")
    return statement


def _whose(asked: QueryParams, user: AuthenticatedUser) -> Statement | None:
    """The authority whose statements alone are shown; none when all may be."""
    mine = _yes(asked, "mine") or (
        not user.scopes.is_authorized("statements/read")
        if ralph_settings.LRS_RESTRICT_BY_SCOPES
        else ralph_settings.LRS_RESTRICT_BY_AUTHORITY
    )
    return user.agent.model_dump(exclude_none=True, mode="json") if mine else None


def _question(asked: QueryParams, user: AuthenticatedUser) -> Question:
    most = ralph_settings.RUNSERVER_MAX_SEARCH_HITS_COUNT
    limit = asked.get("limit", "0")
    if not limit.isdecimal():
        raise RefusedError(400, "The limit must be a number of statements.")
    after = None
    if PAGES & asked.keys():
        check_uuid(asked.get("pit_id"), "pit_id")
        after = (read_time(asked.get("search_after"), "search_after"), UUID(asked["pit_id"]))
    if "registration" in asked:
        check_uuid(asked["registration"], "registration")
    return Question(
        agent=_agent(asked["agent"]) if "agent" in asked else None,
        authority=_whose(asked, user),
        verb=asked.get("verb", ""),
        activity=asked.get("activity", ""),
        registration=asked.get("registration", ""),
        related_agents=_yes(asked, "related_agents"),
        related_activities=_yes(asked, "related_activities"),
        since=read_time(asked["since"], "since") if "since" in asked else None,
        until=read_time(asked["until"], "until") if "until" in asked else None,
        ascending=_yes(asked, "ascending"),
        limit=min(int(limit) or most, most),
        after=after,
    )


def _agent(text: str) -> Statement:
    try:
        agent = json.loads(text)
    except ValueError:
        raise InvalidError("agent", "must be an agent as JSON") from None
    if isinstance(agent, dict) and agent.get("objectType") == "Group":
        agent = {**agent, "objectType": "Agent"}
        agent.pop("member", None)
    check_agent(agent, "agent")
    return dict(agent)


def _yes(asked: QueryParams, name: str) -> bool:
    value: str = asked.get(name, "false").lower()
    if value not in ("true", "false"):
        raise RefusedError(400, f"{name} must be true or false.")
    return value == "true"


HANDLERS: Mapping[str, Handler] = {"GET": _get, "HEAD": _get, "POST": _post, "PUT": _put}
