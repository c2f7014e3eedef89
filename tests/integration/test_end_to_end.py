"""Statements in over HTTP, numbers out of Superset's chart API."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from aspects.assets.superset_client import Filter, SupersetClient
from aspects.settings import ROOT
from aspects.warehouse.query import query
from tests.conftest import Stack
from tests.waiting import wait_for


@pytest.fixture
def superset(stack: Stack) -> Iterator[SupersetClient]:
    secrets = stack.secrets
    user, password = secrets["SUPERSET_ADMIN_USER"], secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture
def course_key() -> str:
    """A course of this test alone."""
    return f"course-v1:Org{uuid4().hex[:8]}+Test+1"


def statement(course_key: str, **changes: Any) -> dict[str, Any]:
    """An enrollment, as Open edX sends it."""
    return {
        "id": str(uuid4()),
        "version": "1.0.3",
        "timestamp": datetime.now(UTC).isoformat(),
        "actor": {
            "objectType": "Agent",
            "account": {"homePage": "http://localhost:18000", "name": str(uuid4())},
        },
        "verb": {"id": "http://adlnet.gov/expapi/verbs/registered"},
        "object": {
            "id": f"http://localhost:18000/course/{course_key}",
            "objectType": "Activity",
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/course",
                "extensions": {"https://w3id.org/xapi/acrossx/extensions/type": "verified"},
            },
        },
    } | changes


def post(stack: Stack, body: object, password: str = "") -> httpx.Response:
    user = stack.secrets["RALPH_USER"], password or stack.secrets["RALPH_PASSWORD"]
    headers = {"X-Experience-API-Version": "1.0.3", "Content-Type": "application/json"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = f"{stack.settings.ralph_url}/xAPI/statements"
    return httpx.post(url, content=content, headers=headers, auth=user, timeout=30, trust_env=False)


def chart_value(superset: SupersetClient, dashboard: str, title: str, filters: list[Filter]) -> Any:
    """The one number of a chart that shows one."""
    chart = next(chart for chart in superset.charts(dashboard) if chart.title == title)
    (row,) = superset.data(chart, filters).rows
    (value,) = row.values()
    return value


def test_a_statement_is_in_a_chart_within_seconds(stack: Stack, superset: SupersetClient, course_key: str) -> None:
    org = course_key.removeprefix("course-v1:").split("+")[0]
    assert post(stack, [statement(course_key), statement(course_key)]).status_code == 200
    filters = [Filter("org", "IN", [org])]
    wait_for(2, lambda: chart_value(superset, "course-dashboard", "Current enrollees", filters))


def test_the_readmes_curl_works_as_written(stack: Stack, tmp_path: Path) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    script = next(block for block in blocks if "curl" in block)
    script = script.replace(".aspects/secrets.env", str(stack.settings.state / "secrets.env"))
    script = script.replace("http://127.0.0.1:8100", stack.settings.ralph_url).replace("+Hello101+", f"+{uuid4().hex}+")
    done = subprocess.run(["/bin/sh", "-ec", script], capture_output=True, text=True, check=False, env=os.environ)
    assert json.loads(done.stdout)[0], done


def test_the_same_statement_twice_counts_once(stack: Stack, course_key: str) -> None:
    one = statement(course_key)
    assert post(stack, one).status_code == 200
    assert post(stack, one).status_code == 204
    sql = f"select enrollment_mode from reporting.enrollments where course_key = '{course_key}'"
    wait_for([("verified",)], lambda: [tuple(row) for row in query(stack.settings, sql).rows])


def test_an_unknown_verb_is_kept_as_other(stack: Stack, course_key: str) -> None:
    assert post(stack, statement(course_key, verb={"id": "https://example.org/verbs/pondered"})).status_code == 200
    sql = f"select kind, verb_id from reporting.events where course_key = '{course_key}'"
    expected = [("other", "https://example.org/verbs/pondered")]
    wait_for(expected, lambda: [tuple(row) for row in query(stack.settings, sql).rows])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{not json", 400),
        (b'"a text"', 400),
        ({"id": str(uuid4())}, 400),
        ({"id": "no-uuid", "actor": 1, "verb": [], "object": None}, 400),
    ],
)
def test_ralph_refuses_what_is_no_statement(stack: Stack, body: object, status: int) -> None:
    assert post(stack, body).status_code == status


def test_ralph_refuses_a_wrong_password(stack: Stack, course_key: str) -> None:
    assert post(stack, statement(course_key), password="wrong").status_code == 401


def test_a_statement_of_more_than_a_megabyte_is_stored_whole(stack: Stack, course_key: str) -> None:
    large = statement(course_key)
    large["object"]["definition"]["description"] = {"en": "x" * 1_500_000}
    assert post(stack, large).status_code == 200
    sql = f"select length(event) > 1500000 from xapi.xapi_events_all where event_id = '{large['id']}'"
    wait_for([(1,)], lambda: [tuple(row) for row in query(stack.settings, sql, user="lrs").rows])


def test_a_statement_that_the_warehouse_cannot_read_costs_itself_alone(stack: Stack, course_key: str) -> None:
    good = json.dumps(statement(course_key))
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    rows = [(str(uuid4()), now, text) for text in (good, "{broken", json.dumps({"verb": 7}))]
    body = "".join(
        json.dumps(dict(zip(("event_id", "emission_time", "event"), row, strict=True))) + "\n" for row in rows
    )
    before = stack.inv("dev.status", "--json").json["refused_statements"]
    url = f"{stack.settings.clickhouse_url}/?query=insert+into+xapi.xapi_events_all+format+JSONEachRow"
    answer = httpx.post(
        url,
        content=gzip.compress(body.encode()),
        headers={"Content-Encoding": "gzip"},
        auth=("lrs", stack.secrets["CLICKHOUSE_LRS_PASSWORD"]),
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text
    sql = f"select count() from reporting.events where course_key = '{course_key}'"
    wait_for([(1,)], lambda: [tuple(row) for row in query(stack.settings, sql).rows])
    assert stack.inv("dev.status", "--json").json["refused_statements"] == before + 2


def test_one_statement_of_each_kind_lands_where_it_belongs(stack: Stack) -> None:
    sample = ROOT / "tests" / "data" / "one-per-kind.jsonl"
    loaded = stack.inv("data.load", str(sample), "--json", check=True).json
    lines = sample.read_text().splitlines()
    assert loaded["read"] == len(lines)
    assert loaded["refused"] == 0
    for line in lines:
        one = json.loads(line)
        sql = f"select course_key, verb_id from reporting.events where event_id = '{one['id']}'"
        ((course_key, verb),) = query(stack.settings, sql).rows
        assert course_key.startswith(("course-v1:", "ccx-v1:"))
        assert verb == one["verb"]["id"]
    assert stack.inv("data.load", str(sample), "--json", check=True).json["stored"] == 0


def test_the_warehouse_holds_the_generators_truth(stack: Stack) -> None:
    verified = stack.inv("data.verify", "--truth", str(stack.truth), "--json")
    assert verified.json["differences"] == []
    assert verified.json["measures"] > 0


def test_a_truth_that_is_not_so_is_found(stack: Stack, tmp_path: Path) -> None:
    truth = json.loads(stack.truth.read_text())
    name, rows = next((name, rows) for name, rows in truth["measures"].items() if rows)
    rows[0]["value"] += 1
    wrong = tmp_path / "truth.json"
    wrong.write_text(json.dumps(truth))
    verified = stack.inv("data.verify", "--truth", str(wrong), "--json")
    assert verified.status == 1
    assert [one["measure"] for one in verified.json["differences"]] == [name]


def test_the_whole_stack_rests_in_little_memory(stack: Stack) -> None:
    from aspects.stack.lifecycle import resident_bytes

    assert 0.2e9 < resident_bytes(stack.settings) < 1.2e9
