"""How fast tracking logs become statements: by both engines on the same cores, and into a warehouse."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from contextlib import closing
from datetime import date
from pathlib import Path

from aspects.bench.measures import Measure, measure
from aspects.bench.warehouse import own_warehouse
from aspects.errors import AspectsError
from aspects.fake.course import Scenario
from aspects.fake.logged import log_chunks
from aspects.logs import reference
from aspects.logs.checkpoints import Checkpoints
from aspects.logs.engine import Engine
from aspects.logs.fast.engine import FastEngine
from aspects.logs.reference import Knowledge, ReferenceEngine
from aspects.logs.targets import open_sink
from aspects.logs.transform import Transformation
from aspects.settings import Settings
from aspects.xapi.load import Rejects

_SCENARIO = Scenario(seed=1, end=date(2026, 6, 1), lms_url="http://localhost:18000")
_LINES = 200_000
_FOR_THE_LIBRARY = 10_000
_BATCH = 400


def measure_logs(settings: Settings) -> list[Measure]:
    """Transform a generated log: with the fast engine, a part of it with the library, and all into a warehouse."""
    if not reference.ready(settings):
        reference.install(settings)
    workers = os.cpu_count() or 1
    with tempfile.TemporaryDirectory(prefix="aspects-bench-") as folder:
        users = Path(folder) / "users.csv"
        log = Path(folder) / "tracking.log"
        log.write_bytes(b"".join(chunk.lines for chunk in log_chunks(_SCENARIO, _LINES, workers, False, users)))
        lines = log.read_bytes().splitlines()
        knowledge = Knowledge(users, keep=False)
        library = _rate(ReferenceEngine(settings, knowledge, workers), lines[:_FOR_THE_LIBRARY])
        engine = FastEngine(settings, knowledge, workers)
        fast = _rate(engine, lines)
        with own_warehouse(settings) as (own, _):
            reference.take_over(own, Knowledge(users))
            stored = _into(own, log, Knowledge(users), workers)
    return [
        measure("logs.library", library, f"lines/s, {workers} processes"),
        measure("logs.fast", fast, f"lines/s, {workers} processes"),
        measure("logs.ratio", fast / library, "times the library", ">= 20"),
        measure("logs.handed_over", 100 * engine.handed_over / len(lines), "% of lines", "<= 1"),
        measure("logs.warehouse", stored, "lines/s from a file into the raw table"),
    ]


def _rate(engine: Engine, lines: list[bytes]) -> float:
    """Lines a second, once the engine's processes have begun."""
    with closing(engine):
        for _ in engine.answers([(None, lines[:1])] * 8):
            pass
        parts = [(None, lines[start : start + _BATCH]) for start in range(0, len(lines), _BATCH)]
        started = time.monotonic()
        for _, answers in engine.answers(parts):
            wrong = next((answer for answer in answers if answer.reason), None)
            if wrong:
                raise AspectsError(
                    "A generated line was refused.", why=wrong.message, fix="See ./inv test.", code="bench.logs"
                )
        return len(lines) / (time.monotonic() - started)


def _into(settings: Settings, log: Path, knowledge: Knowledge, workers: int) -> float:
    state = settings.service_state("event_router")
    with (
        closing(FastEngine(settings, knowledge, workers)) as engine,
        closing(open_sink(settings, "clickhouse", "", sys.stdout.buffer)) as sink,
        closing(Checkpoints(state / "checkpoints.sqlite", "bench")) as checkpoints,
    ):
        return Transformation(engine, sink, Rejects(state / "rejects.jsonl"), checkpoints).run([str(log)]).rate
