"""How far the refreshed tables fall behind while statements come in at a steady rate."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from aspects.bench.measures import Measure, measure
from aspects.bench.warehouse import blocks_of, generated, own_warehouse
from aspects.settings import Settings
from aspects.warehouse.client import connect
from aspects.warehouse.refresh import lag_seconds
from aspects.xapi.store import RAW_TABLE

RATE = 20_000
"""Statements a second."""
BATCH = 5_000
SECONDS = 30
LONGEST_DRAIN = 120
"""Seconds that the refresh may take to catch up afterwards."""
LOOK_EVERY = 0.2


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
    blocks = blocks_of(generated(RATE * SECONDS), RATE * SECONDS, BATCH)
    with own_warehouse(settings) as (own, supervisor):
        supervisor.start_service("refresh")
        held = _insert_steadily(own, blocks)
    return [
        measure("refresh.rate_held", held.rate, f"statements/s of {RATE:,}/s asked for, {BATCH:,} a batch"),
        measure("refresh.lag", held.lag, "s at most", "<= 10"),
        measure("refresh.drain", held.drained_after, "s after the last insert until nothing waits"),
    ]


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
