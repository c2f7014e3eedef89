"""Open edX's tracking logs: made into statements, and whom they name."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from aspects import settings as settings_module
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.tasks.base import task
from aspects.tasks.data import explain, rejects_file

if TYPE_CHECKING:
    from aspects.logs.reference import Knowledge
    from aspects.logs.sinks import Sink

ENGINES = ("fast", "reference")


@task(
    variadic="sources",
    help={
        "sources": "Logs (plain, gzip or zstd), directories, patterns, s3://bucket/key, or - for standard input.",
        "sink": "Where statements go: clickhouse, ralph, file, or stdout.",
        "out": "The file for --sink file; .gz and .zst are compressed.",
        "engine": "What makes the statements: fast, ours; or reference, Open edX's own event-routing-backends.",
        "user-map": "A CSV file of users (id or name) and their UUIDs in statements; the user * stands for any other.",
        "course-names": "A CSV file with course_key and display_name; a course is else named by its key.",
        "workers": "Processes; one a core unless given.",
        "rejects": "The file to keep what is refused in; under .aspects/rejects unless given.",
        "again": "Begin anew, whatever earlier runs did.",
        "dry-run": "Transform everything and write nothing.",
    },
)
def transform(
    context: Context,
    sources: list[str],
    sink: str = "clickhouse",
    out: str = "",
    engine: str = "fast",
    user_map: str = "",
    course_names: str = "",
    workers: int = 0,
    rejects: str = "",
    again: bool = False,
    dry_run: bool = False,
    json: bool = False,
) -> None:
    """Make xAPI statements of Open edX's tracking logs.

    May be ended at any moment and run again: it goes on where it was, and what was done is skipped. Lines of
    which no statement can be made are counted by reason and kept in the rejects file. The exit status is 1 when
    a log could not be read to its end.
    """
    from aspects.logs import reference
    from aspects.logs.checkpoints import Checkpoints, only_one
    from aspects.logs.fast.engine import FastEngine
    from aspects.logs.targets import open_sink, target_of
    from aspects.logs.transform import Transformation, find_logs
    from aspects.xapi.load import Rejects
    from aspects.xapi.sources import size_of

    to_stdout = sink == "stdout" and not dry_run
    console = Console(json or to_stdout)
    _check(sink, out, engine, workers)
    settings = settings_module.load()
    files = find_logs(sources)
    knowledge = reference.Knowledge(_file(user_map), _file(course_names), keep=not dry_run)
    _prepare(console, settings, knowledge)
    state = settings.service_state("event_router")
    made_by = FastEngine if engine == "fast" else reference.ReferenceEngine
    with ExitStack() as opened:
        checkpoints = None
        if not dry_run and not to_stdout:
            target = target_of(settings, sink, out, knowledge)
            if sink == "file":
                opened.enter_context(only_one(state, target))
            checkpoints = opened.enter_context(closing(Checkpoints(state / "checkpoints.sqlite", target)))
            if again:
                checkpoints.forget()
        place: Sink = opened.enter_context(
            closing(open_sink(settings, "" if dry_run else sink, out, sys.stdout.buffer))
        )
        running = opened.enter_context(closing(made_by(settings, knowledge, workers or os.cpu_count() or 1)))
        kept = Rejects(Path(os.devnull) if dry_run else Path(rejects) if rejects else rejects_file(settings, files[0]))
        total = sum(map(size_of, files))
        with console.progress("Transform", total=total or None, unit="bytes") as progress:
            report = Transformation(running, place, kept, checkpoints, progress.advance).run(files)
    skipped = f" {report.skipped:,} were done before." if report.skipped else ""
    console.say(
        f"{report.read:,} lines read at {report.rate:,.0f}/s, {report.statements:,} statements, "
        f"{report.refused_count:,} refused.{skipped}"
    )
    if running.handed_over:
        console.say(f"{running.handed_over:,} lines were left to event-routing-backends.")
    explain(console, report, kept)
    if json and not to_stdout:
        console.result(
            {
                "read": report.read,
                "statements": report.statements,
                "stored": report.stored,
                "duplicates": report.duplicates,
                "refused": report.refused_count,
                "reasons": {reason: group.count for reason, group in sorted(report.refused.items())},
                "skipped": report.skipped,
                "broken": report.broken,
                "rejects": str(kept.path) if kept.used and not dry_run else None,
                "files": len(files),
                "engine": engine,
                "handed_over": running.handed_over,
                "seconds": round(report.seconds, 3),
                "rate": round(report.rate, 1),
            }
        )
    if report.broken:
        raise Exit(code=1)


@task(
    variadic="sources",
    help={
        "sources": "Logs that grow, or patterns such as /var/log/lms/tracking.log*; compressed files are left out.",
        "sink": "Where statements go: clickhouse, ralph, file, or stdout.",
        "out": "The file for --sink file; .gz and .zst are compressed.",
        "engine": "What makes the statements: fast, or reference, as of logs.transform.",
        "user-map": "A CSV file of users (id or name) and their UUIDs in statements; the user * stands for any other.",
        "course-names": "A CSV file with course_key and display_name; a course is else named by its key.",
        "rejects": "The file to keep what is refused in; under .aspects/rejects unless given.",
    },
)
def tail(
    context: Context,
    sources: list[str],
    sink: str = "clickhouse",
    out: str = "",
    engine: str = "fast",
    user_map: str = "",
    course_names: str = "",
    rejects: str = "",
) -> None:
    """Follow Open edX's tracking logs: what is appended becomes statements within a second or two.

    Logs may be rotated or truncated. May be ended at any moment and run again: it goes on where it, or
    logs.transform, was. Ctrl-C ends it. The setting ASPECTS_TRACKING_LOGS makes it a part of the stack.
    """
    from aspects.logs import reference
    from aspects.logs.following import Following

    console = Console(json=True)
    _check(sink, out, engine, 0)
    settings = settings_module.load()
    knowledge = reference.Knowledge(_file(user_map), _file(course_names))
    _prepare(console, settings, knowledge)
    following = Following(
        settings, knowledge, engine, sink, out, Path(rejects) if rejects else rejects_file(settings, "tail")
    )
    console.say(f"Following {', '.join(sources)}.")
    following.run(sources, sys.stdout.buffer)


@task(help={"user-map": "A CSV file of users and UUIDs to take over first."})
def users(context: Context, user_map: str = "") -> None:
    """Print the users of all logs so far, and the UUIDs under which statements name them, as CSV."""
    from aspects.logs import reference

    settings = settings_module.load()
    _prepare(Console(json=True), settings, reference.Knowledge(_file(user_map)))
    sys.stdout.write(reference.export_users(settings))


def _prepare(console: Console, settings: Settings, knowledge: Knowledge) -> None:
    """Install the engine when it is not there, and take over the user map."""
    from aspects.logs import reference

    if not reference.ready(settings):
        with console.phase("Install event-routing-backends"):
            reference.install(settings)
    if knowledge.user_map or knowledge.course_names:
        changed = reference.take_over(settings, knowledge)
        if changed:
            console.warn(
                f"{changed:,} users had another UUID until now. Statements under the earlier ones are other statements."
            )


def _file(name: str) -> Path | None:
    return Path(name) if name else None


def _check(sink: str, out: str, engine: str, workers: int) -> None:
    from aspects.logs.sinks import NAMES

    if engine not in ENGINES:
        raise AspectsError(
            f"There is no engine {engine!r}.", fix=f"Use {', '.join(ENGINES)}.", code="logs.engine_name", status=2
        )
    if sink not in NAMES:
        raise AspectsError(
            f"There is no sink {sink!r}.", fix=f"Use one of {', '.join(NAMES)}.", code="logs.sink", status=2
        )
    if (sink == "file") != bool(out):
        raise AspectsError(
            "--sink file needs --out." if sink == "file" else f"--out has no meaning with --sink {sink}.",
            fix="Use --sink file --out statements.jsonl.zst, for example.",
            code="logs.out",
            status=2,
        )
    if workers < 0:
        raise AspectsError(
            f"--workers {workers} is no number of processes.", fix="Give 1 or more.", code="logs.workers", status=2
        )
