"""How large each table is, written down day by day, so that growth can be read from it."""

from __future__ import annotations

from aspects.settings import Settings
from aspects.warehouse.query import query

REMEMBER = (
    "insert into reporting.table_sizes_seen (day, database_name, table_name, rows, bytes_on_disk, seen_at)"
    " select toDate(now('UTC')), database_name, table_name, rows, bytes_on_disk, now64(3, 'UTC')"
    " from reporting.table_sizes"
)


def remember_sizes(settings: Settings) -> None:
    """Write down the size of each table; of one day the last one counts. Raises as `query` does."""
    query(settings, REMEMBER, user="dbt")
