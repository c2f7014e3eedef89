"""How long each chart takes, and what its query costs the warehouse."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aspects.assets.engine import Engine, EngineRefusedError, LoggedQuery
from aspects.assets.superset_client import Chart, SupersetClient, SupersetError

LONGEST_WAIT = 10.0
"""Seconds until the engine has written its log of queries down."""
ALIKE = 0.45
"""Share of words that a query has in common with the one that Superset says it sent."""


@dataclass(frozen=True)
class Measured:
    """A chart: seconds until Superset had answered, and of its queries the most memory that one took in bytes and the
    rows that all of them read. The last two are None where the engine keeps no log; `error` says why there is no data.
    """

    dashboard: str
    chart: str
    seconds: float
    memory_bytes: int | None
    read_rows: int | None
    error: str = ""


@dataclass(frozen=True)
class _Run:
    """`words`: those of each of the chart's queries. `began` and `ended` are the engine's time."""

    chart: Chart
    seconds: float
    words: tuple[frozenset[str], ...]
    began: str
    ended: str
    error: str


def measure(
    client: SupersetClient, slugs: Iterable[str], engine: Engine | None, told: Callable[[], None] = lambda: None
) -> list[Measured]:
    """Ask Superset for the data of every chart, one after another, without its cache. Slowest first.

    `told` is called after each chart. Raises SupersetError when a dashboard cannot be read; a chart whose query fails
    is among the answers, with its error.
    """
    runs = []
    for slug in slugs:
        for chart in client.charts(slug):
            runs.append(_run(client, chart, engine))
            told()
    logged = _logged(engine, runs) if engine and runs else []
    return sorted((_measured(run, logged) for run in runs), key=lambda each: -each.seconds)


def _run(client: SupersetClient, chart: Chart, engine: Engine | None) -> _Run:
    began = engine.now() if engine else ""
    start = time.perf_counter()
    try:
        data = client.data(chart)
    except SupersetError as error:
        if error.code != "superset.chart":
            raise
        return _Run(chart, time.perf_counter() - start, (), began, began, error.why)
    words = tuple(_words(query.sql) for query in data.queries if query.sql)
    return _Run(chart, data.seconds, words, began, engine.now() if engine else "", "")


def _words(sql: str) -> frozenset[str]:
    """Superset writes a query anew before it sends it: words stay, line breaks, quotes and comments do not."""
    return frozenset(re.findall(r"\w+", re.sub(r"--[^\n]*", " ", sql).lower()))


def _logged(engine: Engine, runs: list[_Run]) -> list[LoggedQuery]:
    """The engine's log of that time, as soon as the last chart's query is in it; empty when there is no log."""
    deadline = time.monotonic() + LONGEST_WAIT
    last = next((run for run in reversed(runs) if run.words), None)
    while True:
        try:
            found = engine.logged_since(runs[0].began)
        except EngineRefusedError:
            return []
        if last is None or _of(last, found) or time.monotonic() > deadline:
            return found
        time.sleep(0.25)


def _of(run: _Run, logged: list[LoggedQuery]) -> list[LoggedQuery]:
    """The log's entries for a chart's queries: of those that began while it ran, the most alike."""
    near = [(each, _words(each.text)) for each in logged if run.began <= each.began <= run.ended]
    found = []
    for words in run.words:
        alike = [(len(words & each) / len(words | each), entry) for entry, each in near]
        best = max(alike, key=lambda pair: pair[0], default=None)
        if best and best[0] >= ALIKE:
            found.append(best[1])
    return found


def _measured(run: _Run, logged: list[LoggedQuery]) -> Measured:
    name, chart, seconds = run.chart.dashboard.slug, run.chart.title, round(run.seconds, 3)
    mine = _of(run, logged)
    if not mine:
        return Measured(name, chart, seconds, None, None, run.error)
    rows = sum(each.read_rows for each in mine)
    return Measured(name, chart, seconds, max(each.memory_bytes for each in mine), rows, run.error)
