"""How fast statements come in over HTTP, how fast they are generated into the warehouse, and what they take there."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING

from aspects.bench.measures import Measure, measure
from aspects.bench.warehouse import SCENARIO, blocks_of, generated, own_warehouse
from aspects.fake.produce import produce
from aspects.fake.sinks import ClickHouseSink
from aspects.settings import Settings
from aspects.warehouse.client import connect
from aspects.warehouse.refresh import refresh
from aspects.xapi.store import RAW_TABLE

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

LARGE, SMALL = 50_000, 5_000
"""Statements a batch."""
IN_LARGE, IN_SMALL = 600_000, 200_000
"""Statements that are inserted in batches of each size."""
GENERATED = 1_000_000
CONNECTIONS = {LARGE: 2, SMALL: 16}
"""Connections that insert at the same time. The server writes small inserts together that wait for one another."""
WARM_UP = 10_000


def measure_ingest(settings: Settings) -> list[Measure]:
    """Insert prepared statements as the user lrs into everything, then without rollups, then into the raw table alone.

    Statements are prepared before the clock runs. Storage is that of the statements in large batches, after a refresh
    and after merges: as they are at once, and a day later.
    """
    statements = generated(WARM_UP + IN_LARGE + IN_SMALL)
    warm_up, large = blocks_of(statements, WARM_UP, SMALL), blocks_of(statements, IN_LARGE, LARGE)
    small = blocks_of(statements, IN_SMALL, SMALL)
    with own_warehouse(settings) as (own, _), closing(connect(own)) as admin:
        _insert(own, warm_up)
        _empty(admin)
        measures = [
            measure("ingest.generated", _generate(own), f"statements/s of {GENERATED:,} from nothing", ">= 150000"),
        ]
        measures += _rates(own, admin, "everything", large, small, (">= 150000", ">= 60000"))
        _empty(admin)
        _insert(own, large)
        measures += _storage(own, admin, IN_LARGE)
        for what, source in (("typed", "reporting.statements"), ("raw", RAW_TABLE)):
            _drop_triggers(admin, source)
            measures += _rates(own, admin, what, large, small)
    return measures


def _rates(
    settings: Settings,
    admin: Client,
    what: str,
    large: Sequence[bytes],
    small: Sequence[bytes],
    targets: tuple[str, str] = ("", ""),
) -> list[Measure]:
    measures = []
    for blocks, batch, count, target in ((large, LARGE, IN_LARGE, targets[0]), (small, SMALL, IN_SMALL, targets[1])):
        for connections, held_to in ((CONNECTIONS[batch], target), (1, "")):
            _empty(admin)
            rate = count / _insert(settings, blocks, connections)
            name = f"ingest.{what}_{batch}" + ("_alone" if connections == 1 else "")
            measures.append(
                measure(name, rate, f"statements/s, {batch:,} a batch, connections: {connections}", held_to)
            )
    return measures


def _insert(settings: Settings, blocks: Sequence[bytes], connections: int = CONNECTIONS[LARGE]) -> float:
    """Seconds until the last block is acknowledged."""
    waiting: SimpleQueue[bytes] = SimpleQueue()
    for block in blocks:
        waiting.put(block)

    def work(client: Client) -> None:
        while True:
            try:
                block = waiting.get_nowait()
            except Empty:
                return
            client.raw_insert(RAW_TABLE, insert_block=block, fmt="Native", compression=None)

    clients = [connect(settings, user="lrs") for _ in range(connections)]
    try:
        with ThreadPoolExecutor(connections) as pool:
            started = time.monotonic()
            list(pool.map(work, clients))
            return time.monotonic() - started
    finally:
        for client in clients:
            client.close()


def _generate(settings: Settings) -> float:
    """Statements a second, as `./inv data.fake` stores them, with as many workers as there are cores."""
    with closing(connect(settings, user="lrs")) as lrs, closing(connect(settings, user="sink")) as tables:
        truth = Path(settings.state) / "truth.json"
        return produce(SCENARIO, GENERATED, os.cpu_count() or 1, ClickHouseSink(lrs, tables), truth).rate


def _storage(settings: Settings, admin: Client, count: int) -> list[Measure]:
    refresh(settings)
    fresh = _sizes(admin, count)
    with a_day_later(admin):
        sizes = _sizes(admin, count)
    return [
        measure("ingest.storage", sum(sizes.values()), "bytes a statement, all tables merged, a day later", "<= 120"),
        measure("ingest.storage_fresh", sum(fresh.values()), "bytes a statement, all tables merged, at once"),
        *(
            measure(f"ingest.storage.{table}", size, "bytes a statement")
            for table, size in sizes.items()
            if size >= 0.1
        ),
    ]


def _sizes(admin: Client, count: int) -> dict[str, float]:
    """Bytes a statement of each table, the largest first, when everything is merged."""
    for name in _tables(admin):
        admin.command(f"optimize table {name} final")
    sizes = admin.query(
        "select concat(database, '.', table), sum(bytes_on_disk) as bytes from system.parts"
        " where active and database in ('xapi', 'reporting', 'event_sink') group by all order by bytes desc"
    ).result_rows
    return {str(table): size / count for table, size in sizes}


@contextmanager
def a_day_later(admin: Client) -> Iterator[None]:
    """Statements are compressed anew a day after they were stored, and meanwhile at once."""
    table = "xapi.xapi_events_all"
    found = (
        "select extract(create_table_query, ' TTL (.*) SETTINGS ') from system.tables where name = 'xapi_events_all'"
    )
    ttl = str(admin.query(found).result_rows[0][0])
    admin.command(f"alter table {table} modify ttl {ttl.replace('toIntervalDay(1)', 'toIntervalDay(0)')}")
    try:
        admin.command(f"alter table {table} materialize ttl settings mutations_sync = 2")
        yield
    finally:
        admin.command(f"alter table {table} modify ttl {ttl}")


def _tables(admin: Client) -> list[str]:
    found = admin.query(
        "select database || '.' || name from system.tables"
        " where database in ('xapi', 'reporting', 'event_sink') and engine like '%MergeTree'"
    )
    return [name for (name,) in found.result_rows]


def _empty(admin: Client) -> None:
    for name in _tables(admin):
        admin.command(f"truncate table {name}")


def _drop_triggers(admin: Client, table: str) -> None:
    database, name = table.split(".")
    found = admin.query(
        "select arrayJoin(arrayMap((database, name) -> database || '.' || name, dependencies_database,"
        " dependencies_table)) from system.tables where database = {database:String} and name = {name:String}",
        parameters={"database": database, "name": name},
    )
    for (trigger,) in found.result_rows:
        admin.command(f"drop view {trigger} sync")
