"""One policy of what is kept for how long, and its application by partition.

Tables that hold states (the latest grade, where an enrollment stands, what was watched) are in no policy: their
numbers must not change when old statements go. docs/retention.md says what each deletion means for each number.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from string import Template
from typing import TYPE_CHECKING, Literal

from aspects.settings import Settings
from aspects.warehouse.client import connect, explain
from aspects.warehouse.lock import only_one_run

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

Policy = Literal["raw", "events", "rollups", "system_logs"]
DELETIONS = "reporting.deletions"
SYSTEM_LOGS = Template(
    "select concat(database, '.', table), partition, sum(rows), sum(bytes_on_disk), min(min_date), max(max_date)"
    " from ${parts} where active and database = 'system' and table like '%\\_log%'"
    " and match(partition, '^[0-9]{6}$$') group by 1, 2 having max(max_date) < {day:Date} order by 1, 2"
)
LONGEST_WAIT = 3600
"""Seconds to wait for a build of the models to end: it reads what this deletes."""


@dataclass(frozen=True)
class Ruled:
    """A table under the policy, and the column that says how old a row is.

    `by_partition` is false for a table that has none because it is small: its rows are deleted instead.
    """

    policy: Policy
    table: str
    time: str
    by_partition: bool = True


RULED = (
    Ruled("raw", "xapi.xapi_events_all", "emission_time"),
    Ruled("raw", "xapi.statement_ids", "month"),
    Ruled("events", "reporting.statements", "event_time"),
    Ruled("rollups", "reporting.rollup_activity", "day", by_partition=False),
)


@dataclass(frozen=True)
class Deletion:
    """What goes from one table. `partition` is empty where rows go and no partition.

    `rows` and `bytes` are those on disk, duplicates too; of rows, `bytes` is their share of the table's.
    """

    policy: Policy
    table: str
    partition: str
    rows: int
    bytes: int
    oldest: date
    newest: date


@dataclass(frozen=True)
class RetentionResult:
    """What goes, or has gone where `applied`; `before` has the first day that each policy keeps, if not all."""

    applied: bool
    before: dict[str, date | None]
    deletions: list[Deletion]
    seconds: float
    rows: int = field(init=False)
    bytes: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", sum(each.rows for each in self.deletions))
        object.__setattr__(self, "bytes", sum(each.bytes for each in self.deletions))


def first_days_kept(settings: Settings, today: date) -> dict[Policy, date | None]:
    """The first day (UTC) that each policy keeps; nothing where it keeps all."""
    return {
        "raw": _months_before(today, settings.retention_raw_months),
        "events": _months_before(today, settings.retention_events_months),
        "rollups": _months_before(today, settings.retention_rollups_months),
        "system_logs": _days_before(today, settings.retention_system_logs_days),
    }


def retain(
    settings: Settings,
    apply: bool = False,
    today: date | None = None,
    deleted: Callable[[Deletion], None] = lambda deletion: None,
) -> RetentionResult:
    """Find what is older than the policy keeps and, with `apply`, delete it; `deleted` is told of each.

    Each deletion is written down before it is done, so a build that would miss the rows can say so. Raises
    AspectsError: those of `connect`, `warehouse.query`, and `warehouse.busy` while models are built.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    started = time.monotonic()
    before = first_days_kept(settings, today or datetime.now(UTC).date())
    client = connect(settings, user="retention")
    try:
        if not apply:
            found = _find(client, settings, before)
        else:
            with only_one_run(settings, "dbt.run", wait=LONGEST_WAIT):
                found = _find(client, settings, before)
                for deletion in found:
                    _delete(client, settings, deletion, before)
                    deleted(deletion)
    except ClickHouseError as error:
        raise explain(error, settings, "retention") from error
    finally:
        client.close()
    return RetentionResult(apply, {str(name): day for name, day in before.items()}, found, time.monotonic() - started)


def _months_before(today: date, months: int | Literal["forever"]) -> date | None:
    """The first day of the month that lies so many months before this one."""
    if months == "forever":
        return None
    number = max(12, today.year * 12 + today.month - 1 - months)
    return date(number // 12, number % 12 + 1, 1)


def _days_before(today: date, days: int | Literal["forever"]) -> date | None:
    return None if days == "forever" else today - timedelta(min(days, (today - date.min).days))


def _find(client: Client, settings: Settings, before: dict[Policy, date | None]) -> list[Deletion]:
    found: list[Deletion] = []
    for ruled in RULED:
        day = before[ruled.policy]
        if day is not None:
            found += (_partitions if ruled.by_partition else _rows)(client, settings, ruled, day)
    logs = before["system_logs"]
    return found + (_system_logs(client, settings, logs) if logs is not None else [])


def _partitions(client: Client, settings: Settings, ruled: Ruled, day: date) -> list[Deletion]:
    """The months of a table that lie before a day; the table is partitioned by toYYYYMM of the column."""
    database = ruled.table.split(".")[0]
    sizes = client.query(
        f"select partition, sum(rows), sum(bytes_on_disk) from {_parts(settings)} where active"  # noqa: S608  # ours
        " and database = {database:String} and table = {table:String} and toUInt32(partition) < {month:UInt32}"
        " group by partition order by partition",
        parameters={"database": database, "table": _local(ruled, settings), "month": day.year * 100 + day.month},
    ).result_rows
    days = {
        str(month): (oldest, newest)
        for month, oldest, newest in client.query(
            f"select toYYYYMM({ruled.time}) as in_month, toDate(min({ruled.time}), 'UTC'), toDate(max({ruled.time}),"  # noqa: S608  # ours
            f" 'UTC') from {ruled.table} where toYYYYMM({ruled.time}) < {{month:UInt32}} group by in_month",
            parameters={"month": day.year * 100 + day.month},
        ).result_rows
    }
    return [
        Deletion(ruled.policy, ruled.table, month, rows, size, *days.get(month, _days_of(month)))
        for month, rows, size in sizes
    ]


def _rows(client: Client, settings: Settings, ruled: Ruled, day: date) -> list[Deletion]:
    """The rows of a table before a day, as one deletion."""
    database, table = ruled.table.split(".")
    everything, size = client.query(
        f"select sum(rows), sum(bytes_on_disk) from {_parts(settings)} where active"  # noqa: S608  # ours
        " and database = {database:String} and table = {table:String}",
        parameters={"database": database, "table": table},
    ).result_rows[0]
    table_read = f"cluster('{settings.cluster}', {ruled.table})" if settings.cluster else ruled.table
    rows, oldest, newest = client.query(
        f"select count(), min({ruled.time}), max({ruled.time}) from {table_read}"  # noqa: S608  # ours
        f" where {ruled.time} < {{day:Date}}",
        parameters={"day": day},
    ).result_rows[0]
    share = size * rows // everything if everything else 0
    return [Deletion(ruled.policy, ruled.table, "", rows, share, oldest, newest)] if rows else []


def _system_logs(client: Client, settings: Settings, day: date) -> list[Deletion]:
    """The months of ClickHouse's own logs that end before a day."""
    found = client.query(SYSTEM_LOGS.substitute(parts=_parts(settings)), parameters={"day": day}).result_rows
    return [Deletion("system_logs", *row) for row in found]


def _delete(client: Client, settings: Settings, deletion: Deletion, before: dict[Policy, date | None]) -> None:
    ruled = next((one for one in RULED if one.table == deletion.table), None)
    if ruled is None:
        client.command(f"alter table {deletion.table}{settings.on_cluster} drop partition {deletion.partition}")
        return
    _write_down(client, deletion)
    table = f"{ruled.table.split('.')[0]}.{_local(ruled, settings)}"
    if ruled.by_partition:
        client.command(f"alter table {table}{settings.on_cluster} drop partition {deletion.partition}")
    else:
        client.command(
            f"alter table {table}{settings.on_cluster} delete where {ruled.time} < {{day:Date}}"
            " settings mutations_sync = 2",
            parameters={"day": before[deletion.policy]},
        )


def _write_down(client: Client, deletion: Deletion) -> None:
    client.insert(
        DELETIONS,
        [[deletion.table, deletion.partition, deletion.rows, deletion.bytes, deletion.oldest, deletion.newest]],
        column_names=["table_name", "partition", "rows", "bytes", "oldest", "newest"],
    )


def _parts(settings: Settings) -> str:
    return f"cluster('{settings.cluster}', system.parts)" if settings.cluster else "system.parts"


def _local(ruled: Ruled, settings: Settings) -> str:
    """The name of the table that holds the rows: of those that migrations make, on a cluster another one."""
    database, table = ruled.table.split(".")
    return f"{table}_local" if settings.cluster and database == "xapi" else table


def _days_of(month: str) -> tuple[date, date]:
    """The first and the last day of a month written as YYYYMM."""
    first = date(int(month[:4]), int(month[4:]), 1)
    return first, (first + timedelta(31)).replace(day=1) - timedelta(1)
