"""The stack follows tracking logs: a line that is appended is in a chart within seconds."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from aspects.assets.superset_client import Filter
from aspects.warehouse.query import query
from tests.conftest import Stack
from tests.integration.chart_data import DashboardCharts, signed_in
from tests.integration.test_end_to_end import statement
from tests.waiting import SECONDS_TO_A_CHART, wait_for


@pytest.fixture
def charts(stack: Stack) -> Iterator[DashboardCharts]:
    with signed_in(stack) as client:
        yield DashboardCharts.of(client, "course-dashboard")


@pytest.fixture
def log(stack: Stack) -> Iterator[Path]:
    """A log of this test alone, which the stack follows."""
    folder = stack.settings.state / "tracking"
    folder.mkdir(exist_ok=True)
    file = folder / f"{uuid4().hex}.log"
    file.touch()
    yield file
    file.unlink()


def enrollment(course_key: str, user: int) -> dict[str, object]:
    """As the LMS logs it."""
    name = "edx.course.enrollment.activated"
    return {
        "name": name,
        "event_type": name,
        "event_source": "server",
        "time": datetime.now(UTC).isoformat(),
        "username": f"u{user}",
        "session": "",
        "ip": "",
        "agent": "",
        "host": "",
        "referer": "",
        "accept_language": "",
        "context": {
            "course_id": course_key,
            "org_id": course_key.split(":")[1].split("+")[0],
            "user_id": user,
            "path": "/",
            "enterprise_uuid": "",
        },
        "data": {"course_id": course_key, "user_id": user, "mode": "audit"},
        "event": {"course_id": course_key, "user_id": user, "mode": "audit"},
    }


def append(log: Path, *lines: str) -> None:
    with log.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def tail(stack: Stack) -> dict[str, object]:
    (found,) = [each for each in stack.inv("dev.status", "--json").json["services"] if each["name"] == "tail"]
    return dict(found)


def test_a_line_is_in_a_chart_within_seconds(stack: Stack, charts: DashboardCharts, log: Path) -> None:
    """A line of the log itself, one behind a logger's words, and a statement that the LMS has made already."""
    course_key = f"course-v1:Org{uuid4().hex[:8]}+Tail+1"
    org = [Filter("org", "IN", [course_key.removeprefix("course-v1:").split("+")[0]])]
    assert tail(stack)["state"] == "healthy"

    append(
        log,
        json.dumps(enrollment(course_key, 1)),
        f"2026-11-25 10:00:00,1 INFO 7 [tracking] [user 2] logger.py:41 - {json.dumps(enrollment(course_key, 2))}",
        f"2026-11-25 10:00:00,2 INFO 7 [xapi_tracking] logger.py:41 - {json.dumps(statement(course_key))}",
        "GET /heartbeat 200",
    )

    # The first line of the first log starts the engine.
    wait_for([{"learners": 3}], lambda: charts.rows("Current enrollees", *org), seconds=60)
    append(log, json.dumps(enrollment(course_key, 4)))
    wait_for([{"learners": 4}], lambda: charts.rows("Current enrollees", *org), seconds=SECONDS_TO_A_CHART)


def test_a_tail_that_is_killed_loses_and_repeats_nothing(stack: Stack, log: Path) -> None:
    """And a second command may transform the same log meanwhile."""
    course_key = f"course-v1:Org{uuid4().hex[:8]}+Tail+1"
    before = int(str(tail(stack)["pid"]))
    append(log, *(json.dumps(enrollment(course_key, user)) for user in range(50)))
    os.kill(before, signal.SIGKILL)
    append(log, *(json.dumps(enrollment(course_key, user)) for user in range(50, 60)))
    done = stack.inv("logs.transform", str(log), "--json", check=True).json
    assert done["read"] + done["skipped"] == 60

    learners = f"select count() from reporting.enrollments where course_key = '{course_key}'"
    wait_for(((60,),), lambda: tuple(map(tuple, query(stack.settings, learners, "report").rows)), seconds=60)
    stored = f"select count(), uniqExact(event_id) from xapi.xapi_events_all final where event like '%{course_key}%'"
    assert [list(row) for row in query(stack.settings, stored, "lrs").rows] == [[60, 60]]
    wait_for(True, lambda: tail(stack)["pid"] not in (None, before), seconds=30)
    append(log, json.dumps(enrollment(course_key, 60)))
    wait_for(((61,),), lambda: tuple(map(tuple, query(stack.settings, learners, "report").rows)), seconds=60)


def test_what_the_tail_refuses_is_kept(stack: Stack, log: Path) -> None:
    word = uuid4().hex
    append(log, f'[tracking] {{"event_type": "{word}', f"{word} of another program")

    def reasons() -> list[str]:
        files = (stack.settings.state / "rejects").glob("tail-*.jsonl")
        lines = [line for file in files for line in file.read_text().splitlines() if word in line]
        return [json.loads(line)["reason"] for line in lines]

    wait_for(["json", "json"], reasons, seconds=60)
