"""The tables that inserts alone cannot make: results of rows that arrive apart, such as a play and its pause.

dbt's materialization `refreshed` makes each such table with a list of the rows that have come since, and a view
with the results of the keys of some of these rows. A refresh takes rows from the list, stores the results of their
keys, and only then removes the rows. So a refresh that dies loses nothing: its rows are still on the list.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING
from uuid import uuid4

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.warehouse.client import connect, explain
from aspects.warehouse.lock import only_one_run
from aspects.warehouse.query import query
from aspects.warehouse.sizes import remember_sizes

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


@dataclass(frozen=True)
class Made:
    """How a refreshed table is made: of the rows of which table, and which columns are the key of its results."""

    made_of: str
    key: str


REFRESHED = {
    "course_outlines": Made("rollup_blocks", "org, course_key"),
    "answered_problems": Made("rollup_responses", "org, course_key, block_id, actor_id"),
    "video_watching": Made("rollup_videos", "org, course_key, block_id, actor_id"),
}
IN_MEMORY = ("course_names", "blocks_by_key", "places_by_key", "pages_by_key")
"""The dictionaries of the courses' structure, in the order in which they read one another."""
ROWS_AT_ONCE = 200_000
"""Rows of the list that one pass takes: they bound its memory."""
LONGEST_LIST = 100_000
"""Rows of the list, those among them that take others off it, from which on it is merged after a refresh: whoever asks
for the lag reads them all."""
THEN_EVERY = 30
"""Seconds between two looks at what follows a refresh."""
SIZES_EVERY = 600
"""Seconds after which the tables' sizes are written down again."""
LONGEST_WAIT = 3600
"""Seconds that a refresh waits for another one to end."""

MARK_EVERYTHING = Template(
    "insert into reporting.${table}_dirty select *, generateUUIDv4() as mark, now64(3, 'UTC') as dirty_since,"
    " toInt8(1) as sign from reporting.${made_of} where {course:String} in ('', course_key)"
)
FORGET_RESULTS_OF_NOTHING = Template(
    "delete from reporting.${table} where {course:String} in ('', course_key)"
    " and (${key}) not in (select ${key} from reporting.${made_of})"
    " and (${key}) not in (select ${key} from reporting.${table}_dirty final where sign = 1)"
)
COUNT_LISTS = "select count() from system.tables where database = 'reporting' and endsWith(name, '_dirty')"
COUNT_WAITING = Template("select count() from reporting.${table}_dirty final where sign = 1")
COUNT_LIST = Template("select count() from reporting.${table}_dirty")
MERGE_LIST = Template("optimize table reporting.${table}_dirty final")
FORGET_TAKEN = Template("truncate table reporting.${table}_taken")
TAKE = Template(
    "insert into reporting.${table}_taken select *, toUUID('${run}') as run"
    " from reporting.${table}_dirty final where sign = 1 order by ${key} limit ${rows}"
)
STORE_RESULTS = Template("insert into reporting.${table} select * from reporting.${table}_refresh")
COUNT_TAKEN = Template("select uniqExact(${key}) from reporting.${table}_taken where run = '${run}'")
RELOAD = Template("system reload dictionary${on_cluster} reporting.${dictionary}")
REMOVE_TAKEN = Template(
    "insert into reporting.${table}_dirty select * except (run) replace (toInt8(-1) as sign)"
    " from reporting.${table}_taken where run = '${run}'"
)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did: how many results it made anew, and how far the tables are behind now."""

    keys: int
    seconds: float
    lag_seconds: float


def refresh(
    settings: Settings, everything: bool = False, course: str = "", rows_at_once: int = ROWS_AT_ONCE
) -> Refreshed:
    """Bring every refreshed table, and the structure in memory, up to date with the rows that were there when this
    began, or came a little later.

    With `everything` all results are made anew, with `course` those of the course with that key; results of which no
    row is left go. Raises AspectsError: those of `connect`, `warehouse.query`,
    and `warehouse.busy` when another refresh does not end.
    """
    started = time.monotonic()
    with closing(connect(settings, user="dbt")) as client:
        keys = refresh_tables(client, settings, everything, course, rows_at_once)
        reload_structure(client, settings)
    return Refreshed(keys=keys, seconds=time.monotonic() - started, lag_seconds=lag_seconds(settings))


def refresh_tables(
    client: Client,
    settings: Settings,
    everything: bool = False,
    course: str = "",
    rows_at_once: int = ROWS_AT_ONCE,
) -> int:
    """As `refresh`, over a connection of the user `dbt`; returns how many results were made anew."""
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    keys = 0
    with only_one_run(settings, "warehouse.refresh", wait=LONGEST_WAIT):
        try:
            for table in REFRESHED:
                if everything or course:
                    mark_everything(client, table, course)
                passes = -(-_number(client, COUNT_WAITING.substitute(table=table)) // rows_at_once)
                for _ in range(passes):
                    keys += sum(one_pass(client, table, rows_at_once))
                if passes and _number(client, COUNT_LIST.substitute(table=table)) > LONGEST_LIST:
                    client.command(MERGE_LIST.substitute(table=table))
                if passes and table == "course_outlines":
                    reload_structure(client, settings)
        except ClickHouseError as error:
            raise explain(error, settings, "dbt") from error
    return keys


def reload_structure(client: Client, settings: Settings) -> None:
    """Let the dictionaries of the courses' structure read the outlines that are there now."""
    for dictionary in IN_MEMORY:
        client.command(RELOAD.substitute(on_cluster=settings.on_cluster, dictionary=dictionary))


def mark_everything(client: Client, table: str, course: str = "") -> None:
    """Put every row that the table is made of on the list, or those of a course; forget results that have no row."""
    made = REFRESHED[table]
    names = {"table": table, "made_of": made.made_of, "key": made.key}
    for statement in (FORGET_RESULTS_OF_NOTHING, MARK_EVERYTHING):
        client.command(statement.substitute(names), parameters={"course": course})


def one_pass(client: Client, table: str, rows_at_once: int) -> Iterator[int]:
    """Refresh the keys of the first rows of the list; yields, after each step, how many results it has stored.

    The rows are removed by their marks and by the run that took them, so whatever arrives meanwhile, for the
    same keys or for others, stays on the list.
    """
    names = {"table": table, "key": REFRESHED[table].key, "run": str(uuid4()), "rows": str(rows_at_once)}
    client.command(FORGET_TAKEN.substitute(names))
    yield 0
    client.command(TAKE.substitute(names))
    yield 0
    client.command(STORE_RESULTS.substitute(names))
    yield _number(client, COUNT_TAKEN.substitute(names))
    client.command(REMOVE_TAKEN.substitute(names))
    yield 0
    client.command(FORGET_TAKEN.substitute(names))


def lag_seconds(settings: Settings) -> float:
    """The age in seconds of the oldest row that no refresh has used; 0 when there is none."""
    return float(query(settings, "select max(lag_seconds) from reporting.refresh_lag").rows[0][0])


def is_built(settings: Settings) -> bool:
    """Whether the models are there: a stack that starts for the first time has none yet."""
    return int(query(settings, COUNT_LISTS, user="dbt").rows[0][0]) == len(REFRESHED)


def sign_of_life(settings: Settings) -> Path:
    """A file that each round of the refresh touches: a health check looks at its time."""
    return settings.service_state("refresh") / "alive"


def refresh_for_ever(settings: Settings, pause: float, then: Callable[[Settings], None]) -> None:
    """Refresh, and again `pause` seconds after each end; each half minute do what comes then, and now and then write
    down the sizes of the tables.

    What goes wrong is logged when it begins and when it ends.
    """
    failing = False
    built = False
    sign_of_life(settings).parent.mkdir(parents=True, exist_ok=True)
    then_due = sizes_due = time.monotonic()
    # One connection for as long as all goes well: to connect costs more than to see that nothing waits.
    client: Client | None = None
    while True:
        try:
            if built := built or is_built(settings):
                client = client or connect(settings, user="dbt")
                refresh_tables(client, settings)
                if time.monotonic() >= then_due:
                    then(settings)
                    then_due = time.monotonic() + THEN_EVERY
                if time.monotonic() >= sizes_due:
                    remember_sizes(settings)
                    sizes_due = time.monotonic() + SIZES_EVERY
            sign_of_life(settings).touch()
        except AspectsError as error:
            client = None
            if not failing:
                log.warning("%s %s", error.message, error.why)
            failing = True
        else:
            if failing:
                log.warning("The refresh works again.")
            failing = False
        time.sleep(pause)


def _number(client: Client, statement: str) -> int:
    return int(client.query(statement).result_rows[0][0])
