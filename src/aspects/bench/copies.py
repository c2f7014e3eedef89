"""A warehouse of more courses: each course several times, under keys of its own.

Ten million events take minutes to generate and to read; ten times as many of the same courses take less than that here,
for rows that are typed and rolled up already are copied. Charts read nothing else.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

_TABLES: Final = """
    select database, table from system.columns
    where name = 'course_key' and database in ('reporting', 'event_sink')
        and (database, table) in (select database, name from system.tables where engine like '%MergeTree')
        and not endsWith(table, '_dirty') and not endsWith(table, '_taken') and not endsWith(table, '__copies')
    order by database, table
"""
_IS_COPIED: Final = """
    select count() from {database:Identifier}.{table:Identifier} where endsWith(course_key, {suffix:String})
"""
_COPY: Final = """
    insert into {database:Identifier}.{aside:Identifier}
    select * replace (concat(course_key, '_', toString(number)) as course_key)
    from {database:Identifier}.{table:Identifier} array join range(2, {times:UInt32} + 1) as number
    where course_key != ''
"""
_MERGED_BY_AGE: Final = """
    select name from system.tables
    where database = 'reporting' and position(engine_full, 'min_age_to_force_merge_seconds') > 0
"""
_PARTITIONS: Final = """
    select distinct partition_id from system.parts
    where active and database = {database:String} and table = {aside:String} order by partition_id
"""


def copy_courses(admin: Client, times: int) -> None:
    """Have each course `times` times. A table whose courses were copied before is left as it is."""
    for database, table in admin.query(_TABLES).result_rows if times > 1 else ():
        names = {"database": database, "table": table, "aside": f"{table}__copies"}
        copied = admin.query(_IS_COPIED, parameters={**names, "suffix": f"_{times}"})
        if not int(copied.result_rows[0][0]):
            _copy(admin, names, times)


def _copy(admin: Client, names: dict[str, str], times: int) -> None:
    table, aside = f"{names['database']}.{names['table']}", f"{names['database']}.{names['aside']}"
    admin.command(f"drop table if exists {aside}")
    admin.command(f"create table {aside} as {table}")
    admin.command(_COPY, parameters={**names, "times": times})
    # A partition that is attached fires no trigger: what is made of these rows is copied as well.
    for (partition,) in admin.query(_PARTITIONS, parameters=names).result_rows:
        admin.command(f"alter table {table} attach partition id '{partition}' from {aside}")
    admin.command(f"drop table {aside}")


def settle(admin: Client) -> None:
    """Merge what ClickHouse merges when it is old enough, and wait until nothing is merged any more: each month of
    statements, an hour after the last one of it came, and other tables some hours after their rows."""
    for (table,) in admin.query(_MERGED_BY_AGE).result_rows:
        admin.command(f"optimize table reporting.{table} final")
    while int(admin.query("select count() from system.merges").result_rows[0][0]):
        time.sleep(0.5)
