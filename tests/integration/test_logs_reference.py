"""Tracking logs through the real event-routing-backends: into files, and into a real warehouse."""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from aspects.fake.course import Scenario
from aspects.fake.generate import Simulation
from aspects.fake.statement_parts import CourseText
from aspects.fake.statements import VERB_OF, Scribe
from aspects.fake.tracking_log import LogWriter
from aspects.logs.engine import Answer
from aspects.logs.reference import Knowledge, ReferenceEngine, export_users, install, ready, take_over
from aspects.settings import ROOT, Settings, load
from aspects.warehouse.client import connect
from tests.conftest import Commands, Stack, environments, new_commands
from tests.integration.conftest import Warehouse

LMS = "http://localhost:18000"
END = "2026-03-01"
AT_MOST = 40
"""Actions of a kind in the comparison."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a map of users of its own, and with the engine installed."""
    found = load(state=tmp_path, environments=environments())
    if not ready(found):
        install(found)
    return found


def answers(settings: Settings, knowledge: Knowledge, lines: list[bytes], workers: int = 1) -> list[Answer]:
    """What the reference engine says to some lines."""
    engine = ReferenceEngine(settings, knowledge, workers)
    try:
        parts = [lines[start : start + 500] for start in range(0, len(lines), 500)]
        return [answer for _, some in engine.answers(enumerate(parts)) for answer in some]
    finally:
        engine.close()


def test_the_library_makes_the_generators_statements_of_the_generators_log(settings: Settings, tmp_path: Path) -> None:
    simulation = Simulation(Scenario(11, date.fromisoformat(END), LMS))
    kinds: Counter[str] = Counter()
    expected: dict[str, Any] = {}
    lines: list[bytes] = []
    users, courses = [("user", "uuid")], {}
    for index in range(600):
        learner = simulation.world.learner(index)
        chosen = []
        for action in simulation.actions(learner):
            kinds[action.event] += 1
            if kinds[action.event] <= AT_MOST:
                chosen.append(action)
        texts = {course.index: CourseText(LMS, course) for course in learner.courses}
        written, _ = Scribe(LMS, learner.actor, lambda course, texts=texts: texts[course.index]).write(chosen)
        expected |= {one["id"]: one for one in map(json.loads, written.splitlines())}
        lines += [line for _, line in LogWriter(simulation.scenario, learner).write(chosen)]
        users.append((str(learner.user_id), learner.actor))
        courses |= {course.key: course.name for course in learner.courses}
    assert kinds.keys() == VERB_OF.keys()
    knowledge = Knowledge(tmp_path / "users.csv", tmp_path / "courses.csv")
    write_csv(tmp_path / "users.csv", users)
    write_csv(tmp_path / "courses.csv", [("course_key", "display_name"), *courses.items()])
    found: dict[str, Any] = {}
    for answer in answers(settings, knowledge, lines, workers=2):
        assert not answer.reason, answer
        found |= {one["id"]: one for one in map(json.loads, answer.statements)}
    assert found.keys() == expected.keys()
    differing = [(one, found[key]) for key, one in expected.items() if found[key] != one]
    assert not differing, differing[:2]


def write_csv(file: Path, rows: list[tuple[str, ...]]) -> None:
    with file.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)


def event(**changes: Any) -> bytes:
    """A line of the log: somebody enrolls."""
    whole = {
        "name": "edx.course.enrollment.activated",
        "event_source": "server",
        "time": "2026-02-01T10:00:00.123456+00:00",
        "username": "ada",
        "context": {"course_id": "course-v1:O+C+R", "org_id": "O", "user_id": 7},
        "event": {"course_id": "course-v1:O+C+R", "mode": "audit", "user_id": 7},
    }
    return json.dumps({key: value for key, value in (whole | changes).items() if value is not ...}).encode()


REFUSED: dict[str, list[bytes]] = {
    "encoding": [
        b"\xff" + event(),
        event(event={"mode": "\ud800", "user_id": 7}),
        event(username="\ud800"),
        event(event={"username": "\ud800"}),
    ],
    "json": [event()[:100], b"[pid: 9] GET / 200", b"{" * 3_000_000, b'{"a": 1} {"b"', b"{'event': 1}"],
    "shape": [b"{}", b'{"level": "info", "msg": "started"}', event(name=["x"]), b'{"a":' * 9000 + b"1" + b"}" * 9000],
    "event.unknown": [event(name="edx.unheard.of"), event(name="/courses/x/about")],
    "event.user": [event(username="", context={"course_id": "course-v1:O+C+R"}, event={"mode": "audit"})],
    "event.invalid": [
        event(context={"user_id": 7}),
        event(context={"user_id": 7, "course_id": "nonsense"}),
        event(time="yesterday"),
        event(name="problem_check", event=5),
        event(name="play_video", event={"id": ["x"], "currentTime": "soon"}),
    ],
}


def test_what_is_no_event_is_refused_for_a_reason_and_the_rest_goes_on(settings: Settings) -> None:
    lines = [(reason, line) for reason, group in REFUSED.items() for line in (*group, event())]
    found = answers(settings, Knowledge(keep=False), [line for _, line in lines])
    for (reason, line), answer in zip(lines, found, strict=True):
        if line == event():
            assert len(answer.statements) == 1
        else:
            assert (answer.reason, answer.statements) == (reason, ()), line[:200]


def test_an_odd_user_is_still_a_user(settings: Settings) -> None:
    odd: list[Any] = ["²", "9" * 5000, "007", "-1", " 7 ", 1.5, True]
    lines = [event(context={"course_id": "course-v1:O+C+R", "user_id": one}, event={"mode": "audit"}) for one in odd]
    found = answers(settings, Knowledge(keep=False), [*lines, event(event={"user_id": "7" * 5000})])
    assert [answer.reason for answer in found] == [""] * len(found)


def actor(answer: Answer) -> str:
    return str(json.loads(answer.statements[0])["actor"]["account"]["name"])


def test_a_user_has_one_uuid_for_ever_by_id_and_by_name(settings: Settings) -> None:
    by_id = event(username=..., event={"mode": "audit"})
    by_name = event(context={"course_id": "course-v1:O+C+R"}, event={"mode": "audit"})
    other = event(username="bob", context={"course_id": "course-v1:O+C+R"}, event={"mode": "audit"})
    first = [actor(one) for one in answers(settings, Knowledge(), [by_id, event(), by_name, other])]
    assert len(set(first)) == 2
    assert first[0] == first[1] == first[2]
    assert [actor(one) for one in answers(settings, Knowledge(), [other, by_name, by_id])] == [
        first[3],
        first[0],
        first[0],
    ]
    assert (settings.service_state("event_router") / "users.sqlite").stat().st_mode & 0o077 == 0
    exported = list(csv.reader(io.StringIO(export_users(settings))))
    assert exported == [["user", "uuid"], ["7", first[0]], ["ada", first[0]], ["bob", first[3]]]
    assert actor(answers(settings, Knowledge(keep=False), [event()])[0]) != first[0]


def test_a_user_map_has_the_last_word(settings: Settings, tmp_path: Path) -> None:
    ours, theirs = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
    before = actor(answers(settings, Knowledge(), [event()])[0])
    known = tmp_path / "external_ids.csv"
    write_csv(known, [("external_user_id", "username", "user_id"), (ours, "ada", "7"), (theirs, "bob", "8")])
    assert before not in (ours, theirs)
    assert take_over(settings, Knowledge(known)) == 2
    assert actor(answers(settings, Knowledge(), [event()])[0]) == ours
    anyone = tmp_path / "anyone.csv"
    anyone.write_text(f"*,{theirs}\n9,{ours}\n")
    nine = event(context={"course_id": "course-v1:O+C+R", "user_id": 9}, event={"mode": "audit"})
    assert [actor(one) for one in answers(settings, Knowledge(anyone), [event(), nine])] == [theirs, ours]
    kept = dict(csv.reader(io.StringIO(export_users(settings))))
    assert kept == {"user": "uuid", "7": ours, "ada": ours, "8": theirs, "bob": theirs}


@pytest.fixture
def alone(state: Path) -> Commands:
    """`./inv` with no service that runs."""
    return new_commands(state)


def fake_log(inv: Commands, folder: Path, count: int, seed: int = 3) -> tuple[Path, list[str], Path]:
    """A generated log, the options that say whom and what it names, and its truth."""
    log = folder / "tracking.log"
    options = (f"--count={count}", f"--seed={seed}", f"--end={END}", "--sink=file", f"--out={log}")
    made = inv("data.fake", "--as", "tracking-log", *options, "--json", check=True).json
    names = folder / "tracking.log.event_sink" / "course_overviews.csv"
    return log, [f"--user-map={log}.users.csv", f"--course-names={names}"], Path(made["truth"])


@pytest.mark.parametrize(("engine", "count"), [("fast", 45_000), ("reference", 6000)])
def test_a_run_that_is_killed_and_run_again_writes_every_statement_once(
    alone: Commands, state: Path, tmp_path: Path, engine: str, count: int
) -> None:
    log, known, _ = fake_log(alone, tmp_path, count)
    out = tmp_path / "statements.jsonl"
    command = ["logs.transform", str(log), *known, "--sink=file", f"--out={out}", f"--engine={engine}"]
    alone("logs.users", check=True)  # installs the engine
    running = subprocess.Popen(
        [str(ROOT / "inv"), *command, "--workers=1"],
        env=alone.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        records = state / "event_router" / "checkpoints.sqlite"
        while running.poll() is None and not noted(records):
            time.sleep(0.01)
        time.sleep(random.random() * (0.05 if engine == "fast" else 0.5))
    finally:
        running.send_signal(signal.SIGKILL)
        running.wait()
    assert running.returncode == -signal.SIGKILL, "it was done before it was killed"
    shutil.copyfile(log, tmp_path / "tracking.log.1")
    second = alone(*command, str(tmp_path / "tracking.log.1"), "--json", check=True).json
    lines = len(log.read_bytes().splitlines())
    assert 0 < second["read"] < lines
    assert second["read"] + second["skipped"] == 2 * lines
    statements = Counter(json.loads(line)["id"] for line in out.read_bytes().splitlines())
    assert len(statements) >= count
    assert set(statements.values()) == {1}
    uninterrupted = alone("logs.transform", str(log), *known, "--sink=stdout", check=True)
    assert {json.loads(line)["id"] for line in uninterrupted.out.splitlines()} == statements.keys()


def noted(records: Path) -> bool:
    """Whether something is known to be done."""
    if not records.exists():
        return False
    with closing(sqlite3.connect(records)) as base:
        try:
            return base.execute("select count() from logs where lines > 0").fetchone()[0] > 0
        except sqlite3.OperationalError:
            return False


def test_a_dry_run_counts_and_writes_nothing(alone: Commands, tmp_path: Path) -> None:
    log = tmp_path / "tracking.log"
    log.write_bytes(event() + b"\n" + event(name="edx.unheard.of") + b"\n")
    dry = alone("logs.transform", str(log), "--dry-run", "--json", check=True).json
    assert (dry["read"], dry["statements"], dry["reasons"]) == (2, 1, {"event.unknown": 1})
    assert alone("logs.users", check=True).out == "user,uuid\n"
    out = tmp_path / "out.jsonl"
    real = alone("logs.transform", str(log), "--sink=file", f"--out={out}", "--json", check=True).json
    assert (real["read"], real["statements"], real["skipped"]) == (2, 1, 0)
    kept = json.loads(Path(real["rejects"]).read_text())
    assert (kept["number"], kept["reason"]) == (2, "event.unknown")


@pytest.fixture
def inv(warehouse: Warehouse) -> Commands:
    """`./inv` on the warehouse alone."""
    commands = new_commands(warehouse.settings.state)
    commands.environment["ASPECTS_CLICKHOUSE_PORT"] = str(warehouse.settings.clickhouse_port)
    return commands


@pytest.mark.parametrize("engine", ["fast", "reference"])
def test_a_generated_log_gives_the_numbers_of_its_truth(
    inv: Commands, warehouse: Warehouse, tmp_path: Path, engine: str
) -> None:
    log, known, truth = fake_log(inv, tmp_path, 2500, seed=random.randrange(1 << 30))
    rotated = tmp_path / "tracking.log-20260201.gz"
    lines = log.read_bytes().splitlines(keepends=True)
    rotated.write_bytes(gzip.compress(b"".join(lines[:1500])))
    # The live log begins in the middle of what was rotated, and ends in the middle of a line.
    log.write_bytes(b"".join(lines[1200:]) + lines[0][:99])
    known.append(f"--engine={engine}")
    first = inv("logs.transform", f"{tmp_path}/tracking.log-*", str(log), *known, "--json", check=True).json
    assert (first["read"], first["duplicates"] > 0, first["reasons"]) == (len(lines) + 301, True, {"json": 1})
    again = inv("logs.transform", str(rotated), str(log), *known, "--json", check=True).json
    assert (again["read"], again["statements"], again["skipped"]) == (0, 0, len(lines) + 301)
    sink = warehouse.client("sink")
    for table in (tmp_path / "tracking.log.event_sink").glob("*.csv"):
        sink.raw_insert(f"event_sink.{table.stem}", insert_block=table.read_bytes(), fmt="CSVWithNames")
    sink.close()
    verified = inv("data.verify", "--truth", str(truth), "--json")
    assert verified.status == 0, verified.json["differences"][:5]


def test_an_lrs_takes_the_statements_of_a_log_once(stack: Stack, tmp_path: Path) -> None:
    log, known, _ = fake_log(stack.inv, tmp_path, 150, seed=random.randrange(1 << 30))
    lines = log.read_bytes().splitlines(keepends=True)
    # The first event once more, with another mode: a statement of the same id that says something else.
    changed = re.sub(rb'"mode":"[a-z]+"', b'"mode":"contested"', lines[0])
    assert changed != lines[0]
    log.write_bytes(b"".join(lines[:100]))
    first = stack.inv("logs.transform", str(log), *known, "--sink=ralph", "--json", check=True).json
    log.write_bytes(changed + b"".join(lines[50:]))
    second = stack.inv("logs.transform", str(log), *known, "--sink=ralph", "--json", check=True).json
    assert first["stored"] == first["statements"] >= 100
    assert second["duplicates"] == 1
    client = connect(stack.settings, user="lrs")
    users = [row[2] for row in csv.reader(Path(f"{log}.users.csv").read_text().splitlines()[1:])]
    stored = client.query(
        "select count(), uniqExact(event_id), countIf(event like '%contested%') from xapi.xapi_events_all final"
        " where JSONExtractString(event, 'actor', 'account', 'name') in {users:Array(String)}",
        parameters={"users": users},
    ).result_rows
    client.close()
    whole = tmp_path / "whole.log"
    whole.write_bytes(b"".join(lines))
    statements = stack.inv("logs.transform", str(whole), *known, "--sink=stdout", check=True).out.splitlines()
    assert len(statements) >= len(lines) > 100, "an answer to several questions is one event and several statements"
    assert stored == [(len(statements), len(statements), 0)]
