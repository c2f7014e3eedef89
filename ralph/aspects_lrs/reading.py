"""Finds statements: the query of `GET /xAPI/statements` as SQL, and the forms in which statements are shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from aspects_lrs.clickhouse import ClickHouse
from aspects_lrs.equality import Statement

NOT_VOIDED = "event_id not in (select statement_id from xapi.voided_statements)"
AGENTS = (("actor",), ("object",))
RELATED_AGENTS = (
    *AGENTS,
    ("authority",),
    ("context", "instructor"),
    ("context", "team"),
    *(("object", *rest) for rest in (("actor",), ("object",), ("context", "instructor"), ("context", "team"))),
)
ACTIVITIES = ("parent", "grouping", "category", "other")


@dataclass(frozen=True)
class Question:
    """What is asked for (part three, 2.1.3). `agent` and `authority` are agents as JSON objects; `after` is where
    another page begins: the time and the id of the last statement of the page before."""

    agent: Statement | None = None
    authority: Statement | None = None
    verb: str = ""
    activity: str = ""
    registration: str = ""
    related_agents: bool = False
    related_activities: bool = False
    since: datetime | None = None
    until: datetime | None = None
    ascending: bool = False
    limit: int = 100
    after: tuple[datetime, UUID] | None = None


@dataclass(frozen=True)
class Page:
    """Statements, and where the next ones begin when there may be more."""

    statements: list[Statement]
    next: tuple[datetime, UUID] | None


async def read_page(clickhouse: ClickHouse, question: Question) -> Page:
    """Statements that fit, the newest first. A voided one is not shown, the one that voids it is."""
    parameters: dict[str, str] = {}
    where = " and ".join([NOT_VOIDED, *_conditions(question, parameters)])
    direction = "asc" if question.ascending else "desc"
    rows = await clickhouse.rows(
        "select event_id, toUnixTimestamp64Micro(emission_time), event from xapi.xapi_events_all"
        f" where {where} order by emission_time {direction}, event_id {direction}"
        f" limit 1 by emission_time, event_id limit {question.limit + 1}",
        **parameters,
    )
    shown = rows[: question.limit]
    last = shown[-1] if len(rows) > question.limit and shown else None
    moment = datetime.fromtimestamp(int(last[1]) / 1_000_000, UTC) if last else None
    return Page(
        statements=[json.loads(event) for _, _, event in shown],
        next=(moment, UUID(last[0])) if last and moment else None,
    )


async def is_voided(clickhouse: ClickHouse, statement_id: str) -> bool:
    found = await clickhouse.rows(
        "select 1 from xapi.voided_statements where statement_id = {id:UUID} limit 1", id=statement_id
    )
    return bool(found)


def _conditions(question: Question, parameters: dict[str, str]) -> Iterator[str]:
    def parameter(value: str) -> str:
        parameters[f"p{len(parameters)}"] = value
        return f"{{p{len(parameters) - 1}:String}}"

    if question.verb:
        yield f"JSONExtractString(event, 'verb', 'id') = {parameter(question.verb)}"
    if question.registration:
        asked = parameter(question.registration.lower())
        yield f"lower(JSONExtractString(event, 'context', 'registration')) = {asked}"
    if question.activity:
        asked = parameter(question.activity)
        yield f"({' or '.join(_activity(asked, question.related_activities))})"
    if question.agent:
        places = RELATED_AGENTS if question.related_agents else AGENTS
        yield f"({' or '.join(_agent(question.agent, place, parameter) for place in places)})"
    if question.authority:
        yield _agent(question.authority, ("authority",), parameter)
    for moment, sign in ((question.since, ">"), (question.until, "<=")):
        if moment:
            yield f"emission_time {sign} {_time(moment)}"
    if question.after:
        sign = ">" if question.ascending else "<"
        moment, event_id = question.after
        yield f"(emission_time, event_id) {sign} ({_time(moment)}, toUUID('{event_id}'))"


def _time(moment: datetime) -> str:
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return f"toDateTime64('{aware.astimezone(UTC).replace(tzinfo=None).isoformat(' ', 'microseconds')}', 6, 'UTC')"


def _path(*names: str) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _activity(asked: str, related: bool) -> Iterator[str]:
    for base in ((), ("object",)) if related else ((),):
        yield f"JSONExtractString(event, {_path(*base, 'object', 'id')}) = {asked}"
        for name in ACTIVITIES if related else ():
            place = _path(*base, "context", "contextActivities", name)
            yield f"JSONExtractString(event, {place}, 'id') = {asked}"
            yield f"arrayExists(each -> JSONExtractString(each, 'id') = {asked}, JSONExtractArrayRaw(event, {place}))"


def _agent(agent: Statement, place: tuple[str, ...], parameter: Any) -> str:
    """The agent stands here, or is a member of the group that does."""
    checks, member_checks = [], []
    for names, value in _identifier(agent):
        asked = parameter(value)
        checks.append(f"JSONExtractString(event, {_path(*place, *names)}) = {asked}")
        member_checks.append(f"JSONExtractString(each, {_path(*names)}) = {asked}")
    members = f"JSONExtractArrayRaw(event, {_path(*place, 'member')})"
    return f"(({' and '.join(checks)}) or arrayExists(each -> {' and '.join(member_checks)}, {members}))"


def _identifier(agent: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    if account := agent.get("account"):
        yield ("account", "name"), account["name"]
        yield ("account", "homePage"), account["homePage"]
        return
    name = next(name for name in ("mbox", "mbox_sha1sum", "openid") if name in agent)
    yield (name,), agent[name]


def shown_as(statement: Statement, form: str, languages: list[str]) -> Statement:
    """A statement as it was stored (`exact`), with one language a text (`canonical`), or with `ids` alone."""
    if form == "exact":
        return statement
    return {name: _shown(part, form, languages) for name, part in statement.items()}


def _shown(value: Any, form: str, languages: list[str]) -> Any:
    if isinstance(value, list):
        return [_shown(each, form, languages) for each in value]
    if not isinstance(value, dict):
        return value
    if form == "ids":
        identified = [name for name in ("mbox", "mbox_sha1sum", "openid", "account", "id") if name in value]
        if identified and value.get("objectType") != "SubStatement":
            return {name: value[name] for name in ("objectType", *identified) if name in value}
    return {
        name: _one_language(part, languages)
        if form == "canonical" and name in ("display", "name", "description") and isinstance(part, dict)
        else part
        if name == "extensions"
        else _shown(part, form, languages)
        for name, part in value.items()
    }


def _one_language(texts: Mapping[str, str], languages: list[str]) -> dict[str, str]:
    for asked in languages:
        for tag, text in texts.items():
            if tag.lower() == asked or tag.lower().split("-")[0] == asked.split("-")[0]:
                return {tag: text}
    return dict(list(texts.items())[:1])
