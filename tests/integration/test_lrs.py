"""The LRS as a client sees it: xAPI 1.0.3, part three, and what happens when many come at once or something dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

import bcrypt
import httpx
import pytest

from aspects.settings import ROOT
from aspects.stack.services import read_service
from aspects.warehouse.query import query
from tests.conftest import Stack, free_port

VERSION = "X-Experience-API-Version"
STATEMENTS = "/xAPI/statements"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


@pytest.fixture(scope="module")
def lrs(stack: Stack) -> Iterator[httpx.Client]:
    user = stack.secrets["RALPH_USER"], stack.secrets["RALPH_PASSWORD"]
    headers = {VERSION: "1.0.3"}
    with httpx.Client(
        base_url=stack.settings.ralph_url, auth=user, headers=headers, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def learner() -> dict[str, Any]:
    """Somebody whom no other test knows."""
    return {"account": {"homePage": "https://lms.example", "name": str(uuid4())}}


def said(learner: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {
        "id": str(uuid4()),
        "actor": learner,
        "verb": {"id": "https://example.org/verbs/pondered"},
        "object": {"id": f"https://lms.example/thought/{uuid4()}"},
        "timestamp": "2025-03-03T09:07:00.125Z",
    } | changes


def stored(stack: Stack, ids: list[str]) -> int:
    listed = ", ".join(f"'{each}'" for each in ids)
    return int(
        query(
            stack.settings, f"select count() from xapi.xapi_events_all final where event_id in ({listed})", "lrs"
        ).rows[0][0]
    )


# Storing (2.1.1, 2.1.2)


def test_a_statement_comes_back_as_it_was_sent_with_what_the_lrs_adds(
    lrs: httpx.Client, learner: dict[str, Any]
) -> None:
    sent = said(learner)
    answer = lrs.post(STATEMENTS, json=sent)
    assert (answer.status_code, answer.json(), answer.headers[VERSION]) == (200, [sent["id"]], "1.0.3")
    found = lrs.get(STATEMENTS, params={"statementId": sent["id"]}).json()
    assert {name: found[name] for name in sent} == sent
    assert set(found) - set(sent) == {"stored", "authority", "version"}


def test_ids_and_times_that_are_missing_are_given(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    bare = said(learner)
    del bare["id"], bare["timestamp"]
    (given_id,) = lrs.post(f"{STATEMENTS}/", json=bare).json()
    found = lrs.get(STATEMENTS, params={"statementId": given_id}).json()
    assert found["timestamp"] == found["stored"]


def test_the_same_again_is_no_content_and_another_one_a_conflict(
    stack: Stack, lrs: httpx.Client, learner: dict[str, Any]
) -> None:
    one, two = said(learner), said(learner)
    assert lrs.post(STATEMENTS, json=one).status_code == 200
    assert lrs.post(STATEMENTS, json=one).status_code == 204
    without_time = {name: part for name, part in one.items() if name != "timestamp"}
    assert lrs.post(STATEMENTS, json=without_time).status_code == 204
    upper = one | {"id": one["id"].upper()}
    assert lrs.post(STATEMENTS, json=upper).status_code == 204
    both = lrs.post(STATEMENTS, json=[one, two])
    assert (both.status_code, both.json()) == (200, [two["id"]])
    three = said(learner)
    for other in (one | {"verb": {"id": "https://example.org/verbs/forgot"}}, one | {"timestamp": "2024-01-01T00:00Z"}):
        assert lrs.post(STATEMENTS, json=[three, other]).status_code == 409
    assert stored(stack, [one["id"], two["id"], three["id"]]) == 2


def test_put_stores_under_the_id_of_the_address(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    sent = said(learner)
    statement_id = sent.pop("id")
    for status in (204, 204):
        assert lrs.put(STATEMENTS, params={"statementId": statement_id}, json=sent).status_code == status
    other = sent | {"id": str(uuid4())}
    assert lrs.put(STATEMENTS, params={"statementId": statement_id}, json=other).status_code == 400
    changed = sent | {"verb": {"id": "https://example.org/verbs/forgot"}}
    assert lrs.put(STATEMENTS, params={"statementId": statement_id}, json=changed).status_code == 409
    assert lrs.put(STATEMENTS, json=sent).status_code == 400


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "no JSON"),
        (b"[]", "empty"),
        (b"[1]", "must be an object"),
        (b'{"actor": {}}', "is missing"),
        (b'{"id": "a", "id": "b"}', "comes twice"),
        (b'{"a": NaN}', "no number"),
        (b"[" * 100_000, ""),
    ],
)
def test_what_is_no_statement_is_a_bad_request(lrs: httpx.Client, body: bytes, says: str) -> None:
    answer = lrs.post(STATEMENTS, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert says in answer.json()["detail"]


def test_one_bad_statement_refuses_its_request_alone(stack: Stack, lrs: httpx.Client, learner: dict[str, Any]) -> None:
    good, bad = said(learner), said(learner, verb={"id": "no IRI"})
    answer = lrs.post(STATEMENTS, json=[good, bad])
    assert (answer.status_code, answer.json()["detail"].partition(":")[0]) == (400, "statement 1, verb.id")
    assert lrs.post(STATEMENTS, json=[good, good]).status_code == 400
    assert stored(stack, [good["id"], bad["id"]]) == 0
    partial = lrs.post(STATEMENTS, params={"partialSuccess": "true"}, json=[good, {"actor": 1}])
    assert (partial.status_code, partial.json()["ids"]) == (200, [good["id"]])


# Who may, and in which version (1.3, 3.3, 4)


def test_a_version_must_be_said(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    for version, status in (
        ("1.0", 200),
        ("1.0.0", 200),
        ("1.0.9", 200),
        ("0.95", 400),
        ("1.1.0", 400),
        ("2.0.0", 400),
    ):
        answer = lrs.post(STATEMENTS, json=said(learner), headers={VERSION: version})
        assert (version, answer.status_code, answer.headers[VERSION]) == (version, status, "1.0.3")
    del lrs.headers[VERSION]
    try:
        assert lrs.get(STATEMENTS).status_code == 400
        assert lrs.get("/xAPI/about").json()["version"] == ["1.0.0", "1.0.1", "1.0.2", "1.0.3"]
    finally:
        lrs.headers[VERSION] = "1.0.3"


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic !!!", "Basic YQ==", "Basic bHJzOndyb25n", "Digest x"])
def test_a_wrong_password_is_unauthorized(stack: Stack, authorization: str) -> None:
    headers = {VERSION: "1.0.3", "Authorization": authorization}
    answer = httpx.get(stack.settings.ralph_url + STATEMENTS, headers=headers, trust_env=False)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Basic")


@pytest.fixture
def limited(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """The address of an LRS over the same ClickHouse with three users who may do less than all."""
    service = read_service(ROOT / "ralph" / "service.yaml")
    settings = stack.settings.model_copy(update={"ralph_port": free_port()})
    launch = service.launch(settings, stack.secrets, os.environ)
    users = [
        {
            "username": name,
            "hash": bcrypt.hashpw(b"a password", bcrypt.gensalt(4)).decode(),
            "scopes": [scope],
            "agent": {"mbox": f"mailto:{name}@example.org"},
        }
        for name, scope in (
            ("writer", "statements/write"),
            ("reader", "statements/read"),
            ("own", "statements/read/mine"),
        )
    ]
    (tmp_path / "auth.json").write_text(json.dumps(users))
    environment = {**launch.environment, "RALPH_AUTH_FILE": str(tmp_path / "auth.json"), "RALPH_APP_DIR": str(tmp_path)}
    process = subprocess.Popen(launch.command, cwd=launch.folder, env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while True:
            try:
                httpx.get(f"{settings.ralph_url}/__heartbeat__", trust_env=False)
                break
            except httpx.TransportError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        yield settings.ralph_url
    finally:
        process.terminate()
        process.wait(timeout=30)


def test_users_may_do_what_their_scopes_say(
    stack: Stack, limited: str, lrs: httpx.Client, learner: dict[str, Any]
) -> None:
    def ask(user: str, method: str, **asked: Any) -> httpx.Response:
        return httpx.request(
            method,
            limited + STATEMENTS,
            auth=(user, "a password"),
            headers={VERSION: "1.0.3"},
            timeout=30,
            trust_env=False,
            **asked,
        )

    theirs = {"agent": json.dumps(learner)}
    assert lrs.post(STATEMENTS, json=said(learner)).status_code == 200
    sent = said(learner)
    assert ask("writer", "POST", json=sent).status_code == 200
    assert ask("writer", "GET", params=theirs).status_code == 403
    for reader in ("reader", "own"):
        assert ask(reader, "POST", json=said(learner)).status_code == 403
        assert ask(reader, "PUT", params={"statementId": str(uuid4())}, json=sent).status_code == 403
    assert len(ask("reader", "GET", params=theirs).json()["statements"]) == 2
    assert ask("own", "GET", params=theirs).json()["statements"] == []
    assert ask("own", "GET", params={"statementId": sent["id"]}).status_code == 404
    assert ask("nobody", "GET").status_code == 401


def test_a_request_that_is_too_large_is_refused(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    large = said(learner, result={"response": "x" * 3_000_000})
    assert lrs.post(STATEMENTS, json=large).status_code == 200
    assert lrs.post(STATEMENTS, content=b" " * (64 * 1024 * 1024 + 1)).status_code == 413


def test_other_methods_and_unknown_parameters_are_named(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    assert lrs.delete(STATEMENTS).status_code == 405
    for parameters in ({"statementID": str(uuid4())}, {"unknown": "1"}, {"limit": "-1"}, {"since": "now"}):
        assert lrs.get(STATEMENTS, params=parameters).status_code == 400
    both = {"statementId": str(uuid4()), "verb": "https://example.org/verbs/pondered"}
    assert lrs.get(STATEMENTS, params=both).status_code == 400
    text = lrs.post(STATEMENTS, content=json.dumps(said(learner)), headers={"Content-Type": "text/plain"})
    assert text.status_code == 400


# Reading (2.1.3)


def test_statements_are_found_by_what_they_say(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    registration = str(uuid4())
    course = f"https://lms.example/course/{uuid4()}"
    plain = said(learner)
    inside = said(
        learner,
        timestamp="2025-03-04T00:00:00Z",
        context={
            "registration": registration,
            "contextActivities": {"parent": [{"id": course}]},
            "instructor": {"mbox": "mailto:teacher@example.org"},
        },
    )
    group = {"objectType": "Group", "member": [learner]}
    as_member = said(group, timestamp="2025-03-05T00:00:00Z")
    assert lrs.post(STATEMENTS, json=[plain, inside, as_member]).status_code == 200

    def ids(**asked: str) -> list[str]:
        answer = lrs.get(STATEMENTS, params={"agent": json.dumps(learner), **asked})
        assert answer.status_code == 200, answer.text
        assert "X-Experience-API-Consistent-Through" in answer.headers
        return [each["id"] for each in answer.json()["statements"]]

    newest_first = [as_member["id"], inside["id"], plain["id"]]
    assert ids() == newest_first
    assert ids(ascending="true") == newest_first[::-1]
    assert ids(verb="https://example.org/verbs/pondered") == newest_first
    assert ids(verb="https://example.org/verbs/forgot") == []
    assert ids(activity=plain["object"]["id"]) == [plain["id"]]
    assert ids(activity=course) == []
    assert ids(activity=course, related_activities="true") == [inside["id"]]
    assert ids(registration=registration.upper()) == [inside["id"]]
    assert ids(since="2025-03-03T09:07:00.125Z") == newest_first[:2]
    assert ids(until="2025-03-04T01:00:00+01:00") == newest_first[1:]
    teacher = json.dumps({"mbox": "mailto:teacher@example.org"})
    assert ids(agent=teacher, activity=inside["object"]["id"]) == []
    assert ids(agent=teacher, activity=inside["object"]["id"], related_agents="true") == [inside["id"]]
    shown = lrs.get(STATEMENTS, params={"agent": json.dumps(learner), "format": "ids", "limit": "1"}).json()
    assert shown["statements"][0]["verb"] == {"id": "https://example.org/verbs/pondered"}


def test_pages_follow_each_other_to_the_last(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    sent = [said(learner) for _ in range(5)]
    assert lrs.post(STATEMENTS, json=sent).status_code == 200
    address = f"{STATEMENTS}?" + str(httpx.QueryParams({"agent": json.dumps(learner), "limit": "2"}))
    found = []
    while address:
        page = lrs.get(address).json()
        found.append([each["id"] for each in page["statements"]])
        address = page["more"]
    assert [len(page) for page in found] == [2, 2, 1]
    assert sorted(chain.from_iterable(found)) == sorted(each["id"] for each in sent)


def test_a_voided_statement_is_shown_to_who_asks_for_voided_ones(lrs: httpx.Client, learner: dict[str, Any]) -> None:
    wrong, right = said(learner), said(learner)
    voiding = said(learner, verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": wrong["id"]})
    assert lrs.post(STATEMENTS, json=[wrong, right, voiding]).status_code == 200
    for name, statement, status in (
        ("statementId", wrong, 404),
        ("voidedStatementId", wrong, 200),
        ("statementId", right, 200),
        ("voidedStatementId", right, 404),
        ("statementId", voiding, 200),
    ):
        assert lrs.get(STATEMENTS, params={name: statement["id"]}).status_code == status
    shown = lrs.get(STATEMENTS, params={"agent": json.dumps(learner)}).json()["statements"]
    assert {each["id"] for each in shown} == {right["id"], voiding["id"]}


# Many at once


def test_one_statement_sent_by_many_at_once_is_stored_once(
    stack: Stack, lrs: httpx.Client, learner: dict[str, Any]
) -> None:
    sent = said(learner)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: lrs.post(STATEMENTS, json=sent).status_code, range(48)))
    assert sorted(answers) == [200] + [204] * 47
    assert stored(stack, [sent["id"]]) == 1


def test_of_two_that_differ_and_come_at_once_one_is_stored(
    stack: Stack, lrs: httpx.Client, learner: dict[str, Any]
) -> None:
    one = said(learner)
    forms = [one | {"verb": {"id": f"https://example.org/verbs/{number}"}} for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda form: lrs.post(STATEMENTS, json=form).status_code, forms))
    assert sorted(answers) == [200] + [409] * 15
    assert stored(stack, [one["id"]]) == 1


def wait_until_up(stack: Stack) -> None:
    """The supervisor starts again what was killed; other tests need all of it."""
    deadline = time.monotonic() + 60
    while stack.inv("dev.status", "--json").json["state"] != "up":
        assert time.monotonic() < deadline, "the stack is not up again"
        time.sleep(0.5)


@pytest.mark.parametrize("service", ["ralph", "clickhouse"])
def test_what_was_acknowledged_is_stored_once_whatever_is_killed(
    stack: Stack, learner: dict[str, Any], service: str
) -> None:
    """Clients send, and send again what got no answer, as they should; the service is killed in the middle."""
    acknowledged: list[str] = []
    over = threading.Event()

    def send(_: int) -> None:
        user = stack.secrets["RALPH_USER"], stack.secrets["RALPH_PASSWORD"]
        with httpx.Client(
            base_url=stack.settings.ralph_url, auth=user, headers={VERSION: "1.0.3"}, timeout=60, trust_env=False
        ) as client:
            while not over.is_set():
                statements = [said(learner) for _ in range(3)]
                while not over.is_set():
                    try:
                        status = client.post(STATEMENTS, json=statements).status_code
                    except httpx.TransportError:
                        status = 0
                    if status in (200, 204):
                        acknowledged.extend(each["id"] for each in statements)
                        break
                    assert status in (0, 500, 503)
                    time.sleep(0.1)

    def pid() -> int:
        services = stack.inv("dev.status", "--json").json["services"]
        return int(next(each["pid"] for each in services if each["name"] == service) or 0)

    with ThreadPoolExecutor(8) as pool:
        clients = [pool.submit(send, number) for number in range(8)]
        try:
            time.sleep(1.5)
            before, killed = len(acknowledged), pid()
            os.kill(killed, signal.SIGKILL)
            deadline = time.monotonic() + 60
            while len(acknowledged) < 2 * before and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            over.set()
        for client in clients:
            client.result()
    wait_until_up(stack)

    assert len(acknowledged) >= 2 * before > 0, "nothing was stored after the service had been killed"
    counted = query(
        stack.settings,
        f"select count(), uniqExact(event_id) from reporting.events where actor_id = '{learner['account']['name']}'",
    ).rows[0]
    assert counted[0] == counted[1] >= len(acknowledged)
    assert stored(stack, acknowledged) == len(acknowledged) == len(set(acknowledged))
