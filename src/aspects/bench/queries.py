"""How fast the charts of `assets/` are answered: filtered to one course, and over the whole instance.

The warehouse is generated once and kept (`ASPECTS_BENCH_FOLDER`), because 10 million events take minutes. Its course is
the one whose number of learners is nearest to 5,000. Every query goes over HTTP as the user `report`, several times.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import geometric_mean, median
from typing import TYPE_CHECKING, Any, Final

import orjson

from aspects.assets.chart_sql import chart_sql
from aspects.assets.render import load_here
from aspects.bench.copies import copy_courses, settle
from aspects.bench.measures import Measure, measure
from aspects.bench.warehouse import SCENARIO, own_warehouse
from aspects.fake.produce import produce
from aspects.fake.sinks import ClickHouseSink
from aspects.settings import Settings
from aspects.warehouse.client import connect
from aspects.warehouse.refresh import refresh

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LEARNERS: Final = 5_000
TIMES: Final = 5
LONGEST: Final = 10.0
"""Seconds after which a query is not repeated."""
_COURSE: Final = """
    select any(org) as org, course_key, any(course_name) as course_name, any(course_run) as course_run,
        min(actor_id) as actor_id
    from reporting.enrollments where enrollment_status = 'registered' group by course_key
    order by abs(toInt64(count()) - {learners:Int64}), course_key limit 1
"""
_BLOCKS: Final = """
    select min(block_id) from reporting.blocks
    where course_key = {course:String} and block_type in ('problem', 'video') and subsection_id != ''
    group by block_type
    union all
    select min(block_id) from reporting.blocks
    where course_key = {course:String} and block_type = 'sequential' and graded
"""
_COST: Final = """
    select log_comment, max(read_rows), max(read_bytes), max(memory_usage) from system.query_log
    where type = 'QueryFinish' and startsWith(log_comment, {run:String}) group by log_comment
"""


@dataclass(frozen=True)
class _Asked:
    """A query of a chart: seconds of each run, and what ClickHouse says of it: rows, bytes, and bytes of memory."""

    chart: str
    seconds: Sequence[float]
    rows: int
    read: int
    memory: int


def measure_queries(settings: Settings) -> list[Measure]:
    """Ask every chart's queries, write each one's cost to `queries.json` beside the warehouse, and sum them up."""
    folder = settings.bench_folder or settings.state / "bench"
    folder.mkdir(parents=True, exist_ok=True)
    with own_warehouse(settings, kept=folder) as (own, _), closing(connect(own)) as admin:
        fill(own, admin, settings.bench_events)
        copy_courses(admin, settings.bench_copies)
        refresh(own)  # what is in memory of the structure holds the copies, too
        settle(admin)
        course, learner = _values(admin)
        one = list(_ask(own, admin, "course", course, learner))
        # What is read of all courses is that many times as much, and no target is set for it.
        every = list(_ask(own, admin, "instance", {}, learner)) if settings.bench_copies == 1 else []
    found = {"course": course, "filtered": one, "instance": every}
    (folder / "queries.json").write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    return [
        *_summary("queries.course", one, ("<= 15", "<= 60", "<= 128")),
        *(_summary("queries.instance", every, ("<= 50", "<= 300", "<= 512")) if every else []),
    ]


def _summary(name: str, asked: Sequence[_Asked], targets: tuple[str, str, str]) -> list[Measure]:
    best = [1000 * min(one.seconds) for one in asked]
    slowest = max(asked, key=lambda one: min(one.seconds))
    largest = max(asked, key=lambda one: one.memory)
    return [
        measure(f"{name}.mean", geometric_mean(best), f"ms, geometric mean of {len(asked)} queries", targets[0]),
        measure(f"{name}.median", geometric_mean([1000 * median(one.seconds) for one in asked]), "ms, of medians"),
        measure(f"{name}.slowest", max(best), f"ms, {slowest.chart}", targets[1]),
        measure(f"{name}.memory", largest.memory / 1e6, f"MB, {largest.chart}", targets[2]),
    ]


def fill(settings: Settings, admin: Client, events: int) -> None:
    """Generate what is missing; what is there already is not stored twice."""
    if int(admin.query("select count() from xapi.xapi_events_all").result_rows[0][0]) < events:
        sink = ClickHouseSink(connect(settings, user="lrs"), connect(settings, user="sink"))
        produce(SCENARIO, events, os.cpu_count() or 1, sink, settings.state / "truth.json")
    refresh(settings)


def _values(admin: Client) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """The values of the filters that choose the course, a few of its blocks among them; and that of one learner."""
    names = ("org", "course_key", "course_name", "course_run", "actor_id")
    row = admin.query(_COURSE, parameters={"learners": LEARNERS}).result_rows[0]
    values = {name: [str(value)] for name, value in zip(names, row, strict=True)}
    learner = {"actor_id": values.pop("actor_id")}
    blocks = admin.query(_BLOCKS, parameters={"course": values["course_key"][0]}).result_rows
    return {**values, "block_id": [str(block[0]) for block in blocks]}, learner


def _ask(
    settings: Settings,
    admin: Client,
    what: str,
    values: Mapping[str, Sequence[str]],
    learner: Mapping[str, Sequence[str]],
) -> Iterator[_Asked]:
    run = f"bench {what} {time.time()} "
    seconds: dict[str, list[float]] = {}
    with closing(connect(settings, user="report")) as client:
        client.database = "reporting"
        for name, sql in _queries(settings, values, learner):
            seconds[name] = list(_times(client, sql, run + name))
    admin.command("system flush logs")
    costs = {row[0]: row[1:] for row in admin.query(_COST, parameters={"run": run}).result_rows}
    for name, taken in seconds.items():
        yield _Asked(name, taken, *map(int, costs[run + name]))


def _times(client: Client, sql: str, comment: str) -> Iterator[float]:
    total = 0.0
    for _ in range(TIMES):
        started = time.perf_counter()
        client.raw_query(sql, settings={"log_comment": comment}, fmt="Native")
        taken = time.perf_counter() - started
        yield taken
        total += taken
        if total > LONGEST:
            return


def _queries(
    settings: Settings, values: Mapping[str, Sequence[str]], learner: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, str]]:
    """Each query that the charts send to the warehouse, by the chart's name; of a chart with several, numbered.

    Charts of one learner are asked for one.
    """
    assets = load_here(settings)
    warehouses = {item.uuid for item, database in assets.databases() if "clickhouse" in database.sqlalchemy_uri}
    datasets = {
        item.uuid: dataset for item, dataset in assets.datasets() if str(dataset.database_uuid).lower() in warehouses
    }
    macros: dict[str, Any] = {"can_view_courses": lambda: "true"}
    for item, chart in assets.charts():
        dataset = datasets.get(str(chart.dataset_uuid).lower())
        if dataset:
            chosen = {**values, **learner} if dataset.table_name.startswith("learner_") else values
            texts = chart_sql(chart, dataset, chosen, macros)
            for number, text in enumerate(texts, start=1):
                yield item.stem if len(texts) == 1 else f"{item.stem} {number}", text
