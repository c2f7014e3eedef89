"""How far the refreshed tables fall behind while statements come in at a steady rate."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, islice
from pathlib import Path

from aspects.bench.measures import Measure, measure
from aspects.bench.start import free_ports
from aspects.fake.course import Scenario
from aspects.fake.generate import chunks
from aspects.settings import Settings, forget, record
from aspects.stack.health import wait_until_healthy
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_services, select
from aspects.stack.supervisor import Supervisor
from aspects.warehouse import dbt
from aspects.warehouse.client import connect
from aspects.warehouse.migrate import migrate
from aspects.warehouse.refresh import lag_seconds
from aspects.xapi.statement import Statement
from aspects.xapi.store import RAW_TABLE, native_block

RATE = 20_000
"""Statements a second."""
BATCH = 5_000
SECONDS = 30
LONGEST_DRAIN = 120
"""Seconds that the refresh may take to catch up afterwards."""
LOOK_EVERY = 0.2
_SCENARIO = Scenario(seed=1, end=date(2026, 6, 1), lms_url="http://localhost:18000")


@dataclass(frozen=True)
class _Held:
    """Statements a second that came in, the largest lag, and how long the rest took afterwards, in seconds."""

    rate: float
    lag: float
    drained_after: float


def measure_refresh(settings: Settings) -> list[Measure]:
    """Insert prepared statements at a steady rate into a warehouse of its own while the service `refresh` runs.

    The lag is the age of the oldest event whose result cannot be read yet: the list of such events loses one only
    after its result is stored.
    """
    folder = Path(tempfile.mkdtemp(prefix="aspects-bench-"))
    own = settings.model_copy(update={"state": folder, "environments": settings.envs, **free_ports()})
    supervisor = Supervisor(own)
    try:
        services = read_services(own.root)
        load_secrets(own)
        record(own)
        supervisor.start(services)
        supervisor.start_service("clickhouse")
        wait_until_healthy(select(services, "clickhouse"), own, supervisor)
        migrate(own)
        dbt.run(own)
        blocks = _prepare(RATE * SECONDS)
        supervisor.start_service("refresh")
        held = _insert_steadily(own, blocks)
    finally:
        supervisor.stop()
        forget(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return [
        measure("refresh.rate_held", held.rate, f"statements/s of {RATE:,}/s asked for, {BATCH:,} a batch"),
        measure("refresh.lag", held.lag, "s at most", "<= 10"),
        measure("refresh.drain", held.drained_after, "s after the last insert until nothing waits"),
    ]


def _prepare(count: int) -> list[bytes]:
    """Statements as the raw table takes them, a batch each."""
    statements = chain.from_iterable(
        map(Statement, chunk.ids, chunk.times, chunk.texts) for chunk in chunks(_SCENARIO, count)
    )
    blocks = []
    while batch := list(islice(statements, BATCH)):
        blocks.append(native_block(batch))
    return blocks


def _insert_steadily(settings: Settings, blocks: Sequence[bytes]) -> _Held:
    lags: list[float] = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY):
            lags.append(lag_seconds(settings))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    client = connect(settings, user="lrs")
    started = time.monotonic()
    try:
        for number, block in enumerate(blocks):
            time.sleep(max(0.0, started + number * BATCH / RATE - time.monotonic()))
            client.raw_insert(RAW_TABLE, insert_block=block, fmt="Native", compression=None)
        seconds = max(time.monotonic() - started, len(blocks) * BATCH / RATE)
        inserted = time.monotonic()
        while lag_seconds(settings) > 0 and time.monotonic() < inserted + LONGEST_DRAIN:
            time.sleep(LOOK_EVERY)
        drained = time.monotonic() - inserted
    finally:
        ended.set()
        watcher.join()
        client.close()
    return _Held(len(blocks) * BATCH / seconds, max(lags), drained)
