"""Watched intervals of videos are the same whatever the inserts, and however often the refresh runs or dies.

Hypothesis makes plays, pauses and seeks, and mixes inserts with refreshes and with refreshes that end half-way. Each
view is compared with one insert and one refresh of everything, and with plain Python that knows the definitions.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspects.warehouse import dbt
from aspects.warehouse.refresh import REFRESHED, lag_seconds, one_pass, refresh, refresh_tables
from tests.integration.conftest import Warehouse
from tests.integration.statements import LMS, START, Row, course, empty, row_of, statement, store
from tests.integration.test_warehouse_law import read, slow

KEY = "course-v1:North+Bio+2025"
LENGTH = 90.0
VIDEO = "https://w3id.org/xapi/video/"
ADL = "http://adlnet.gov/expapi/verbs/"
VERBS = {
    "initialized": ADL,
    "played": VIDEO + "verbs/",
    "paused": VIDEO + "verbs/",
    "seeked": VIDEO + "verbs/",
    "terminated": ADL,
    "completed": ADL,
    "interacted": ADL,
}
POSITIONS = (0, 3.5, 10, 20.25, 20.75, 60, 86.0, 89.999, LENGTH, 95.5, None, -1, 1e9, "later")
COLUMNS = {
    "video_intervals": "actor_id, block_id, interval_start, interval_end, started_at",
    "video_segments": "block_id, second, views, unique_viewers",
    "video_views": "actor_id, block_id, watched_seconds, watched_total, length, fully_viewed",
}


def block(name: str) -> str:
    return f"block-v1:North+Bio+2025+type@video+block@{name}"


def happened(number: int, verb: str, video: str, actor: str, minute: int, position: Any) -> Row:
    """A learner does something with a video."""
    extension = "extensions/time-from" if verb == "seeked" else "extensions/time"
    context: dict[str, Any] = {"contextActivities": {"parent": [course(KEY)]}}
    if verb != "interacted":
        context["extensions"] = {VIDEO + "extensions/length": LENGTH}
    obj = {"id": f"{LMS}/xblock/{block(video)}", "definition": {"type": VIDEO + "activity-type/video"}}
    extensions = {} if position is None or verb == "initialized" else {VIDEO + extension: position}
    return row_of(
        statement(
            number,
            VERBS[verb] + verb,
            obj,
            context=context,
            result={"extensions": extensions},
            actor={"account": {"homePage": LMS, "name": actor}},
            timestamp=(START + timedelta(minutes=minute)).isoformat(),
        )
    )


@st.composite
def histories(draw: st.DrawFn) -> list[list[Row] | int]:
    """Inserts with duplicates in any order, and after some of them a refresh that is left after so many steps."""
    verbs = st.sampled_from(("played", *VERBS))
    rows = [
        happened(
            number,
            draw(verbs),
            draw(st.sampled_from(("cells", "genes"))),
            draw(st.sampled_from(("ada", "ben"))),
            draw(st.integers(0, 8)),
            draw(st.sampled_from(POSITIONS)),
        )
        for number in range(1, draw(st.integers(2, 40)) + 1)
    ]
    waiting = draw(st.permutations(rows + draw(st.lists(st.sampled_from(rows), max_size=8))))
    steps: list[list[Row] | int] = []
    while waiting:
        size = draw(st.integers(1, len(waiting)))
        steps.append(waiting[:size])
        waiting = waiting[size:]
        steps += draw(st.lists(st.integers(1, 4), max_size=2))
    return steps


def follow(warehouse: Warehouse, steps: list[list[Row] | int]) -> None:
    """Insert and refresh as the steps say. A refresh of fewer than four steps has died before its end."""
    empty(warehouse)
    for step in steps:
        if isinstance(step, int):
            leave_half_way(warehouse, step)
        else:
            store(warehouse, step)


def leave_half_way(warehouse: Warehouse, after: int, rows_at_once: int = 7) -> None:
    client = warehouse.client("dbt")
    for table in REFRESHED:
        for number, _ in enumerate(one_pass(client, table, rows_at_once), start=1):
            if number == after:
                break
    client.close()


def rows_of(steps: list[list[Row] | int]) -> list[Row]:
    return sorted({row for step in steps if not isinstance(step, int) for row in step})


@settings(slow, max_examples=8)
@given(steps=histories())
def test_any_inserts_and_refreshes_give_the_numbers_of_one_full_build(
    warehouse: Warehouse, steps: list[list[Row] | int]
) -> None:
    follow(warehouse, steps)
    refresh(warehouse.settings, rows_at_once=11)
    found = read(warehouse, COLUMNS)
    assert found == recount(rows_of(steps))
    assert lag_seconds(warehouse.settings) == 0
    empty(warehouse)
    store(warehouse, rows_of(steps))
    refresh(warehouse.settings, everything=True)
    assert found == read(warehouse, COLUMNS)


def many_plays() -> list[Row]:
    """Twenty learners who watch two videos in pieces."""
    pieces = [(0, 20.25), (10, 60), (60, 89.999), (3.5, 10)]
    return [
        happened(number * 100 + minute * 2 + end, verb, video, f"learner-{number}", minute * 2 + end, position[end])
        for number in range(1, 21)
        for minute, position in enumerate(pieces)
        for end, verb in enumerate(("played", "paused"))
        for video in (("cells", "genes")[minute % 2],)
    ]


def test_a_refresh_that_is_killed_loses_nothing(warehouse: Warehouse) -> None:
    rows = many_plays()
    program = (
        "import sys; from aspects.settings import Settings; from aspects.warehouse.refresh import refresh;"
        "print('begun', flush=True);"
        "refresh(Settings.model_validate_json(sys.argv[1]), rows_at_once=5)"
    )
    for seconds in (0.3, 0.6, 0.9):
        empty(warehouse)
        store(warehouse, rows[::2])
        with subprocess.Popen(
            [sys.executable, "-c", program, warehouse.settings.model_dump_json()], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            store(warehouse, rows[1::2])
            time.sleep(seconds)
            os.kill(process.pid, signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL, "it was done before it could be killed: this shows nothing"
        refresh(warehouse.settings)
        assert read(warehouse, COLUMNS) == recount(rows)


@pytest.mark.parametrize("steps", [1, 2, 3, 4])
def test_a_refresh_that_ends_after_any_of_its_steps_loses_nothing(warehouse: Warehouse, steps: int) -> None:
    empty(warehouse)
    store(warehouse, many_plays())
    leave_half_way(warehouse, steps, rows_at_once=1000)
    refresh(warehouse.settings)
    assert read(warehouse, COLUMNS) == recount(many_plays())


def test_what_waits_is_seen_as_lag_until_it_is_refreshed(warehouse: Warehouse) -> None:
    empty(warehouse)
    assert lag_seconds(warehouse.settings) == 0
    store(warehouse, many_plays()[:2])
    time.sleep(0.05)
    ((waiting, lag),) = warehouse.rows(
        "select waiting, lag_seconds from reporting.refresh_lag where refreshed_table = 'video_watching'"
    )
    assert waiting == 2
    assert 0.05 <= float(str(lag)) < 600
    assert refresh(warehouse.settings).keys == 1
    assert refresh(warehouse.settings).keys == 0
    assert lag_seconds(warehouse.settings) == 0


def test_a_model_that_is_rebuilt_makes_every_result_anew(warehouse: Warehouse) -> None:
    empty(warehouse)
    store(warehouse, many_plays())
    refresh(warehouse.settings)
    dbt.run(warehouse.settings, ["rollup_videos+"], full_refresh=True)
    assert warehouse.rows("select max(waiting) > 0 from reporting.refresh_lag") == [(1,)]
    refresh(warehouse.settings)
    assert read(warehouse, COLUMNS) == recount(many_plays())


def test_a_window_in_a_trigger_breaks_the_law(warehouse: Warehouse) -> None:
    """The pairing that a trigger can do misses a play whose pause is in the next insert."""
    empty(warehouse)
    client = warehouse.client("admin")
    client.command(
        "create materialized view reporting.careless engine = ReplacingMergeTree order by (actor_id, event_time)"
        " as select actor_id, event_time, video_position as interval_start, leadInFrame(video_position) over"
        " (partition by actor_id, block_id order by event_time rows between current row and unbounded following)"
        " as interval_end from reporting.statements where kind = 'video'"
    )
    try:
        for row in many_plays()[:2]:
            store(warehouse, [row])
        refresh(warehouse.settings)
        right = client.query("select interval_start, interval_end from reporting.video_intervals").result_rows
        wrong = client.query(
            "select interval_start, interval_end from reporting.careless where interval_end > interval_start"
        ).result_rows
    finally:
        client.command("drop table reporting.careless sync")
        client.close()
    assert right == [(0, 20.25)]
    assert wrong == []


def test_engagement_follows_the_latest_publish(warehouse: Warehouse) -> None:
    """The structure that charts look up in memory is read anew as soon as the outline is."""
    empty(warehouse)
    store(warehouse, many_plays()[:4])
    refresh(warehouse.settings)
    client, refreshing = warehouse.client("sink"), warehouse.client("dbt")
    places = [("chapter", "c1", "Life", 0), ("sequential", "s1", "Parts of it", 1), ("video", "cells", "Cells", 1)]
    first = [*places, ("video", "genes", "Genes", 1)]
    second = [*places, ("video", "genes", "Genes", 1), ("video", "apes", "Apes", 1)]
    wanted = "select subsection_with_name, videos_viewed, videos_total from reporting.video_engagement"
    try:
        for day, blocks in ((1, first), (2, second), (3, places)):
            publish(client, day, blocks)
            refresh_tables(refreshing, warehouse.settings)
            found = warehouse.rows(wanted)
            assert found == [("1:1 - Parts of it", min(2, len(blocks) - 2), len(blocks) - 2)]
    finally:
        warehouse.client("admin").command("truncate table event_sink.course_blocks")
        client.close()
        refreshing.close()


def publish(client: Any, day: int, blocks: list[tuple[str, str, str, int]]) -> None:
    """A course's structure as the LMS dumps it: type, id, name and subsection of each block of section 1."""
    client.insert(
        "event_sink.course_blocks",
        [
            [
                "North",
                KEY,
                f"block-v1:North+Bio+2025+type@{kind}+block@{name}",
                title,
                json.dumps({"block_type": kind, "section": 1, "subsection": subsection, "unit": 0, "graded": 0}),
                order,
                f"6f2b8b0e-4a6c-4f2e-9a57-00000000000{day}",
                datetime(2025, 1, day, tzinfo=UTC),
            ]
            for order, (kind, name, title, subsection) in enumerate(blocks)
        ],
        column_names=[
            "org",
            "course_key",
            "location",
            "display_name",
            "xblock_data_json",
            "order",
            "dump_id",
            "time_last_dumped",
        ],
    )


def recount(rows: list[Row]) -> dict[str, list[tuple[Any, ...]]]:
    """The views of some statements, from the definitions and one statement at a time."""
    said = {row[0]: json.loads(row[2]) for row in rows}
    history = sorted(said.values(), key=lambda one: (datetime.fromisoformat(one["timestamp"]), one["id"]))
    intervals: dict[tuple[str, str], list[tuple[float, float, datetime]]] = defaultdict(list)
    playing: dict[tuple[str, str], tuple[float | None, datetime]] = {}
    for one in history:
        key = (one["actor"]["account"]["name"], one["object"]["id"].rpartition("/")[2])
        verb = one["verb"]["id"].rpartition("/")[2]
        position = next(iter(one["result"]["extensions"].values()), None)
        if not isinstance(position, int | float) or not 0 <= position <= 360_000:
            position = None
        if verb == "played":
            at_the_end = position is not None and position >= LENGTH
            playing[key] = (0.0 if at_the_end else position, datetime.fromisoformat(one["timestamp"]))
        elif verb not in ("initialized", "interacted"):
            start, since = playing.pop(key, (None, START))
            end = LENGTH if position is None and verb == "completed" else position
            if start is not None and end is not None and end > start:
                intervals[key].append((float(start), float(end), since))
    views: Counter[tuple[str, int]] = Counter()
    viewers: Counter[tuple[str, int]] = Counter()
    watched: list[tuple[Any, ...]] = []
    for (actor, video), pieces in intervals.items():
        seconds = [second for start, end, _ in pieces for second in range(math.floor(start), math.ceil(end))]
        views.update((video, second) for second in seconds)
        viewers.update((video, second) for second in set(seconds))
        covered = _covered(pieces)
        total = round(sum(end - start for start, end, _ in pieces), 6)
        watched.append((actor, video, covered, total, LENGTH, covered >= 0.95 * LENGTH))
    counted = {
        "video_intervals": [(*key, *piece) for key, pieces in intervals.items() for piece in pieces],
        "video_segments": [(*key, number, viewers[key]) for key, number in views.items()],
        "video_views": watched,
    }
    return {table: sorted(rows, key=repr) for table, rows in counted.items()}


def _covered(pieces: list[tuple[float, float, datetime]]) -> float:
    """Seconds that intervals cover together, counted in thousandths."""
    covered: set[int] = set()
    for start, end, _ in pieces:
        covered.update(range(round(start * 1000), round(end * 1000)))
    return len(covered) / 1000
