"""What the LMS knows of courses and people."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import load
from aspects.tasks.base import task

SHOWN = 10
"""Refusals that are printed; `--json` has all."""


@task(
    variadic="sources",
    help={
        "sources": "Exports of courses (.tar.gz, .zip or a folder); or CSV files or JSON lines of the LMS's rows.",
        "object": "What they hold: course_overviews (courses with their blocks and tags), course_enrollment, "
        "user_profile, external_id, taxonomy, tag or object_tag.",
        "since": "Leave out what the LMS made or exported before this moment, such as 2025-01-31 (UTC).",
        "force": "Write what has not changed, too.",
        "limit": "Write so many courses or rows at most; the rest is left for the next run.",
        "dry-run": "Say what would be written, and write nothing.",
    },
)
def sink(
    context: Context,
    sources: list[str],
    object: str = "course_overviews",
    since: str = "",
    force: bool = False,
    limit: int = 0,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Write courses, enrollments, people or tags of an LMS to ClickHouse, as the LMS's own plugin does.

    What ClickHouse has already is not written again. A course that is published again replaces the old one:
    dashboards need no rebuild. A live Open edX writes by itself; docs/courses.md says how.
    """
    from aspects.lms.sink import Sunk, Wanted
    from aspects.lms.sink import sink as send
    from aspects.warehouse.refresh import refresh

    console = Console(json)
    wanted = Wanted(object, _moment(since), force, limit, dry_run)
    with console.phase(f"Write {object}") as phase:

        def show(report: Sunk) -> None:
            phase.note(f"{report.written} written, {report.unchanged} unchanged")

        settings = load()
        found = send(settings, wanted, [Path(source) for source in sources], show)
        if found.written and not dry_run:
            refresh(settings)
    console.say(
        f"{found.read} read: {found.written} {'would be ' if dry_run else ''}written, {found.unchanged} unchanged,"
        f" {found.older} older, {found.left_by_limit} left by the limit, {len(found.refused)} refused."
    )
    for refusal in found.refused[:SHOWN]:
        place = f"{refusal['file']}:{refusal['line']}" if refusal["line"] else refusal["file"]
        console.say(f"  {place}: {refusal['why']}")
    console.result(found)
    if found.refused:
        raise Exit(code=1)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise AspectsError(
            f"{text!r} is no moment.",
            fix="Write it as 2025-01-31 or 2025-01-31T12:00Z.",
            code="courses.since",
            status=2,
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
