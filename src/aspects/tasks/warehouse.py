"""The ClickHouse warehouse."""

from __future__ import annotations

from dataclasses import asdict

from invoke.context import Context

from aspects import settings as settings_module
from aspects.console import Console
from aspects.tasks.base import task
from aspects.warehouse.migrate import migrate as migrate_warehouse
from aspects.warehouse.query import query
from aspects.warehouse.refresh import refresh as refresh_warehouse
from aspects.warehouse.retention import retain


@task(help={"dry_run": "Print the SQL that would run, and change nothing."})
def migrate(context: Context, dry_run: bool = False, json: bool = False) -> None:
    """Bring the warehouse's databases, tables, functions and users up to date."""
    console = Console(json)
    title = "See what the warehouse needs" if dry_run else "Migrate the warehouse"
    with console.phase(title) as phase:
        result = migrate_warehouse(settings_module.load(), dry_run)
        phase.note(f"{len(result.applied)} new, version {result.version}")
    if dry_run:
        for statement in result.statements + result.grants:
            console.say(f"{statement};\n")
    console.result(asdict(result))


@task(
    help={
        "all": "Make every result anew, not only those that have new statements, and forget those that have none left.",
        "course": "The same for one course, by its key.",
    },
)
def refresh(context: Context, all: bool = False, course: str = "", json: bool = False) -> None:
    """Bring the tables up to date that pair statements of several inserts; the stack does it by itself."""
    console = Console(json)
    with console.phase("Refresh the warehouse") as phase:
        result = refresh_warehouse(settings_module.load(), everything=all, course=course)
        phase.note(f"{result.keys:,} results")
    console.result(asdict(result))


@task(
    variadic="statement",
    help={
        "statement": "One SQL statement, in quotes.",
        "user": "Whose rights it has: report (reads what dashboards read), dbt, lrs, sink or admin.",
    },
)
def sql(context: Context, statement: list[str], user: str = "report", json: bool = False) -> None:
    """Ask the warehouse a question in SQL and show the answer."""
    console = Console(json)
    answer = query(settings_module.load(), " ".join(statement), user)
    if not json:
        console.table("", answer.columns, answer.rows)
    console.result(asdict(answer))


@task(
    help={
        "apply": "Delete what is shown. Without it nothing is deleted. What has gone can only come back from a backup.",
    }
)
def retention(context: Context, apply: bool = False, json: bool = False) -> None:
    """Show what is older than the retention policy keeps; with --apply, delete it.

    The policy is four settings: ASPECTS_RETENTION_RAW_MONTHS (raw statements), ASPECTS_RETENTION_EVENTS_MONTHS (typed
    events), ASPECTS_RETENTION_ROLLUPS_MONTHS (days of activity) and ASPECTS_RETENTION_SYSTEM_LOGS_DAYS. Each is a
    number or `forever`, which they are unless set. docs/retention.md says what each deletion does to each number.
    """
    console = Console(json)
    title = "Delete what is older than the policy keeps" if apply else "Look for what is older than the policy keeps"
    with console.phase(title) as phase:
        result = retain(settings_module.load(), apply)
        phase.note(f"{result.rows:,} rows, {result.bytes / 1e6:,.1f} MB")
    if not json:
        for policy, day in result.before.items():
            console.say(f"{policy}: {'all kept' if day is None else f'kept from {day} on'}")
        rows = [
            (one.table, one.partition or "rows", f"{one.rows:,}", f"{one.bytes:,}", one.oldest, one.newest)
            for one in result.deletions
        ]
        if rows:
            console.table("", ["table", "partition", "rows", "bytes", "oldest day", "newest day"], rows)
    if result.deletions and not apply:
        console.say("Nothing was deleted. → ./inv warehouse.retention --apply deletes this.")
    console.result(asdict(result))
