"""A retired learner is nowhere, and every count stays as it was."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing
from hashlib import sha1
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from aspects.warehouse.client import connect
from aspects.warehouse.query import query
from tests.conftest import Stack
from tests.integration.courses import Export
from tests.integration.test_courses import live_lms
from tests.integration.test_end_to_end import post, statement

COUNTS = (
    "select count(), uniqExact(event_id), uniqExact(actor_id), countIf(kind = 'video') from reporting.events",
    "select count(), sum(watched_seconds) from reporting.video_views",
    "select count(), countIf(enrollment_status = 'registered') from reporting.enrollments",
    "select count(), sum(attempts) from reporting.problem_results",
)


class Somebody:
    """A learner of the LMS, with statements under every kind of name."""

    def __init__(self) -> None:
        self.number = uuid4().int % 10**12
        self.username = f"user{self.number}"
        self.email = f"User.{self.number}@Example.org"
        self.name = f"Ada {self.number}"
        self.external = str(uuid4())

    @property
    def actors(self) -> list[dict[str, Any]]:
        return [
            {"account": {"homePage": "http://localhost:18000", "name": self.external}},
            {"account": {"homePage": "http://localhost:18000", "name": self.username}},
            {"mbox": f"mailto:{self.email}"},
            {"mbox_sha1sum": sha1(f"mailto:{self.email}".encode(), usedforsecurity=False).hexdigest()},
        ]

    @property
    def traces(self) -> list[str]:
        return [self.username, self.email, self.name, self.external, self.actors[3]["mbox_sha1sum"]]


def counts(stack: Stack) -> list[tuple[Any, ...]]:
    stack.inv("warehouse.refresh", check=True)
    return [tuple(query(stack.settings, each).rows[0]) for each in COUNTS]


def everywhere(stack: Stack, somebody: Somebody) -> list[str]:
    """Each column of each table that has a trace, found without the code under test."""
    found = []
    with closing(connect(stack.settings)) as admin:
        admin.command("system flush logs")
        tables = admin.query(
            "select database || '.' || table, groupArray(name) from system.columns"
            " where database in ('xapi', 'event_sink', 'reporting') and default_kind != 'ALIAS'"
            " and not startsWith(type, 'AggregateFunction') and (database, table) in"
            " (select database, name from system.tables where engine like '%MergeTree') group by 1"
        ).result_rows
        tables.append(("system.query_log", ["query"]))
        for table, columns in tables:
            shown = " || ".join(f"'|' || toString(ifNull(toString(`{name}`), ''))" for name in columns)
            for trace in somebody.traces:
                half = len(trace) // 2  # this question must not find itself
                needle = f"'{trace[:half].lower()}' || '{trace[half:].lower()}'"
                (row,) = admin.query(
                    f"select count() from {table} where position(lower({shown}), {needle}) > 0"
                ).result_rows
                found += [f"{table}: {trace}"] if row[0] else []
    # Parts of tables come and go meanwhile, which os.walk passes over.
    for folder, _, names in os.walk(stack.settings.state):
        for file in [Path(folder, name) for name in names if name.endswith((".log", ".jsonl", ".sqlite", ".db"))]:
            text = file.read_bytes().lower()
            found += [f"{file}: {trace}" for trace in somebody.traces if trace.lower().encode() in text]
    return found


@pytest.fixture
def somebody(stack: Stack, tmp_path: Path) -> Somebody:
    """Profile, external id and enrollment from the LMS, and statements, one of which mentions them as an instructor."""
    one = Somebody()
    export = Export(tmp_path, f"Org{uuid4().hex[:8]}")
    files: dict[str, dict[str, Any]] = {
        "user_profile": {
            "id": one.number,
            "user_id": one.number,
            "name": one.name,
            "username": one.username,
            "email": one.email,
        },
        "external_id": {
            "external_user_id": one.external,
            "external_id_type": "xapi",
            "username": one.username,
            "user_id": one.number,
        },
        "course_enrollment": {
            "id": one.number,
            "course_key": export.key,
            "created": "2026-01-01T00:00:00Z",
            "is_active": True,
            "mode": "audit",
            "username": one.username,
            "user_id": one.number,
        },
    }
    for kind, row in files.items():
        file = tmp_path / f"{kind}.jsonl"
        file.write_text(json.dumps(row))
        stack.inv("courses.sink", str(file), "--object", kind, check=True, ASPECTS_PII="true")
    mentioned = statement(export.key, context={"instructor": {"name": one.name, **one.actors[2]}})
    assert post(stack, [mentioned, *(statement(export.key, actor=actor) for actor in one.actors)]).status_code == 200
    refused = {"id": str(uuid4()), "actor": one.actors[0], "verb": {"id": ""}}
    with closing(connect(stack.settings, user="lrs")) as lrs:
        lrs.command(
            "insert into xapi.xapi_events_all select generateUUIDv4(), now64(6), {event:String}",
            parameters={"event": json.dumps(refused)},
        )
    return one


def test_a_retired_learner_is_nowhere_and_every_count_stays(stack: Stack, somebody: Somebody) -> None:
    before = counts(stack)
    assert len(everywhere(stack, somebody)) > 10
    done = stack.inv("users.retire", somebody.username, "--json")
    assert (done.status, done.json["left"], done.json["statements"]) == (0, [], 6), done
    assert everywhere(stack, somebody) == []
    assert counts(stack) == before
    enrolled = f"select username, user_id, mode from event_sink.course_enrollment where id = {somebody.number}"
    assert [tuple(row) for row in query(stack.settings, enrolled, "sink").rows] == [("", 0, "audit")]
    again = stack.inv("users.retire", somebody.username, "--json")
    assert (again.status, again.json["error"]["code"]) == (2, "users.unknown")


def test_whom_the_lms_retires_is_taken_out_by_the_stack(stack: Stack, somebody: Somebody, tmp_path: Path) -> None:
    """The plugin's own class deletes two tables' rows; the rest follows."""
    live_lms(stack, tmp_path, str(somebody.number), "course-v1:Live+LMS+1", "retire")
    deadline = time.monotonic() + 90
    while (left := everywhere(stack, somebody)) and time.monotonic() < deadline:
        time.sleep(2)
    assert left == []


@pytest.mark.parametrize(
    "word", ["nobody-of-this-name", "999999999999999", "nobody@example.org", "5d0f8f9c-4f0e-4f58-9b57-0d1c5a3c9d11"]
)
def test_somebody_unknown_is_an_error(stack: Stack, word: str) -> None:
    done = stack.inv("users.retire", word, "--json")
    assert (done.status, done.json["error"]["code"]) == (2, "users.unknown")


def test_what_a_run_left_undone_the_next_one_finishes(
    stack: Stack, somebody: Somebody, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever step it dies at: nothing is lost, and nothing is counted twice."""
    from aspects.lms import retire

    before = counts(stack)
    for step in ("forget_files", "_delete", "_count"):
        real: Callable[..., Any] = getattr(retire, step)

        def die(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(retire, step, die)
        with pytest.raises(KeyboardInterrupt):
            retire.retire(stack.settings, [somebody.username] if step == "forget_files" else [])
        monkeypatch.setattr(retire, step, real)
    done = stack.inv("users.retire", "--json", check=True)
    assert done.json["left"] == []
    assert everywhere(stack, somebody) == []
    assert counts(stack) == before
