"""Statements in: generated, loaded from files, and compared with what the warehouse makes of them."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.exceptions import Exit

from aspects import settings as settings_module
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.tasks.base import task

if TYPE_CHECKING:
    from aspects.fake.course import Scenario
    from aspects.fake.faults import Faults
    from aspects.fake.sinks import Sink
    from aspects.xapi.load import LoadReport, Rejects

FORMS = ("xapi", "parquet", "tracking-log")

# The modules that do the work are imported where they are used: `./inv --list` need not wait for them.


@task(
    help={
        "count": "How many statements to generate, exactly.",
        "seed": "Another number gives other courses, learners and events; the same number the same.",
        "end": "The day, as YYYY-MM-DD, at whose beginning (UTC) the simulation stops. Today unless given.",
        "sink": "Where statements go: clickhouse, ralph, or file.",
        "out": "The file for --sink file; .gz and .zst are compressed, .parquet is Parquet.",
        "workers": "Processes that generate; one for small counts, else one a core. The result is the same.",
        "faults": "What goes wrong, as duplicates=0.01,late=0.02,disorder=0.05,malformed=0.001; these when not named.",
        "as_": "What to write: xapi, the statements; with --sink file also parquet, the same as rows of the raw table, "
        "or tracking-log, Open edX's own log of it.",
        "truth": "Where to write the ground truth; beside --out, or under .aspects/truth, unless given.",
        "learners-per-course": "About how many learners a course has. Popular courses grow with --count unless given.",
    },
    optional=["faults"],
)
def fake(
    context: Context,
    count: int = 10_000,
    seed: int = 1,
    end: str = "",
    sink: str = "clickhouse",
    out: str = "",
    workers: int = 0,
    truth: str = "",
    faults: str | bool = "",
    as_: str = "xapi",
    learners_per_course: int = 0,
    json: bool = False,
) -> None:
    """Generate courses and learners at work, with the true value of each measure.

    The courses run in the twelve weeks before --end, so that dashboards have a week that has just passed.
    The same count, seed and end give the same statements: a second run adds nothing.
    """
    from aspects.fake.course import Scenario
    from aspects.fake.produce import produce

    console = Console(json)
    settings = settings_module.load()
    _check_fake(count, workers, learners_per_course, sink, out)
    scenario = Scenario(seed, _day(end), settings.lms_url, learners_per_course=learners_per_course or None)
    wrong = _faults(faults, sink)
    form = _form(as_, sink, out, wrong.any)
    opened = _sink(settings, sink, out, wrong.any, parquet=form == "parquet")
    truth_file = Path(truth) if truth else _truth_file(settings, out, scenario, count)
    with console.progress("Generate", total=count, unit="statements") as progress:
        made = produce(
            scenario,
            count,
            workers or _workers(count),
            opened,
            truth_file,
            settings.pii,
            progress.advance,
            wrong,
            Path(out + ".users.csv") if form == "tracking-log" else None,
        )
    present = "" if made.new is None or made.new == count else f" {count - made.new:,} of them were there already."
    console.say(f"{made.courses} courses, {made.enrollments:,} enrollments, {made.statements:,} statements.{present}")
    if made.refused:
        console.say(f"{made.refused:,} broken statements besides.")
    console.say(f"Ground truth: {made.truth}")
    console.result(
        {
            "statements": made.statements,
            "new": made.new,
            "malformed": made.refused,
            "courses": made.courses,
            "enrollments": made.enrollments,
            "seconds": round(made.seconds, 3),
            "rate": round(made.rate, 1),
            "seed": seed,
            "end": scenario.end.isoformat(),
            "truth": str(made.truth),
        }
    )


def _check_fake(count: int, workers: int, learners_per_course: int, sink: str, out: str) -> None:
    from aspects.fake.sinks import NAMES

    if count < 1:
        raise AspectsError(
            f"--count {count} is no number of statements.", fix="Give 1 or more.", code="data.count", status=2
        )
    if workers < 0:
        raise AspectsError(
            f"--workers {workers} is no number of processes.", fix="Give 1 or more.", code="data.workers", status=2
        )
    if learners_per_course < 0:
        raise AspectsError(
            f"--learners-per-course {learners_per_course} is no number of learners.",
            fix="Give 1 or more, or leave it out.",
            code="data.learners",
            status=2,
        )
    if sink not in NAMES:
        raise AspectsError(
            f"There is no sink {sink!r}.", fix=f"Use one of {', '.join(NAMES)}.", code="data.sink", status=2
        )
    if (sink == "file") != bool(out):
        raise AspectsError(
            "--sink file needs --out." if sink == "file" else f"--out has no meaning with --sink {sink}.",
            fix="Use --sink file --out statements.jsonl.gz, for example.",
            code="data.out",
            status=2,
        )


def _form(wanted: str, sink: str, out: str, faults: bool) -> str:
    """What is written: xapi, parquet or tracking-log. The statements in a file named .parquet are Parquet."""
    from aspects.fake.files import PARQUET

    named = out.endswith(PARQUET)
    if wanted == "xapi":
        return "parquet" if named else "xapi"
    log = wanted == "tracking-log"
    if wanted not in FORMS or sink != "file" or (log and (faults or named)):
        raise AspectsError(
            f"--as {wanted} cannot be used so.",
            why=f"The forms are {', '.join(FORMS)}. Parquet and a tracking log go into a file; a tracking log has no"
            f" faults, and its file no name in {PARQUET}.",
            fix="Use --as tracking-log --sink file --out tracking.log, for example.",
            code="data.as",
            status=2,
        )
    return wanted


def _day(text: str) -> date:
    if not text:
        return datetime.now(UTC).date()
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise AspectsError(
            f"--end {text} is no day.", why=str(error), fix="Write it as YYYY-MM-DD.", code="data.end", status=2
        ) from error
    if not 2000 < day.year < 2100:
        raise AspectsError(
            f"--end {text} is outside the years that the warehouse takes.",
            fix="Choose a day between 2001 and 2099.",
            code="data.end",
            status=2,
        )
    return day


def _workers(count: int) -> int:
    return 1 if count < 100_000 else max(1, os.cpu_count() or 1)


def _truth_file(settings: Settings, out: str, scenario: Scenario, count: int) -> Path:
    if out:
        return Path(out + ".truth.json")
    size = f"-learners-per-course-{scenario.learners_per_course}" if scenario.learners_per_course else ""
    return settings.state / "truth" / f"seed-{scenario.seed}-end-{scenario.end.isoformat()}{size}-count-{count}.json"


def _faults(given: str | bool, sink: str) -> Faults:
    from aspects.fake.faults import USUAL, Faults, parse

    if given and sink == "ralph":
        raise AspectsError(
            "--faults has no meaning with --sink ralph.",
            why="An LRS refuses a whole request for one broken statement.",
            fix="Use --sink clickhouse or --sink file.",
            code="data.faults",
            status=2,
        )
    if isinstance(given, bool):
        return USUAL if given else Faults()
    return parse(given) if given else Faults()


def _sink(settings: Settings, name: str, out: str, as_they_come: bool, parquet: bool) -> Sink:
    from aspects.fake import sinks
    from aspects.stack.secrets import load_secrets
    from aspects.warehouse.client import connect

    if name == "file":
        return sinks.FileSink(Path(out), parquet)
    if name == "ralph":
        secrets = load_secrets(settings)
        return sinks.RalphSink(
            settings.ralph_url, secrets["RALPH_USER"], secrets["RALPH_PASSWORD"], connect(settings, user="sink")
        )
    return sinks.ClickHouseSink(
        connect(settings, user="lrs"), connect(settings, user="sink"), as_they_come, notes=settings.state / "inserts"
    )


@task(
    variadic="files",
    help={
        "files": "Files of JSON lines (plain, gzip or zstd), directories of such files, or - for standard input.",
        "rejects": "The file to keep what is refused in; under .aspects/rejects unless given.",
        "batch": "How many statements to store at a time.",
        "allow-refused": "End with exit status 0 even if statements were refused.",
    },
)
def load(
    context: Context,
    files: list[str],
    rejects: str = "",
    batch: int = 50_000,
    allow_refused: bool = False,
    json: bool = False,
) -> None:
    """Load xAPI statements from files; what is there already is not stored twice.

    Statements that are not valid are counted, shown with their line numbers and kept in the rejects file.
    The exit status is 1 when anything was refused or a file could not be read to its end.
    """
    from aspects.warehouse.client import connect
    from aspects.xapi.load import Rejects
    from aspects.xapi.load import load as load_files
    from aspects.xapi.sources import find
    from aspects.xapi.store import StatementStore

    console = Console(json)
    if batch < 1:
        raise AspectsError(f"--batch {batch} is too small.", fix="Give 1 or more.", code="data.batch", status=2)
    settings = settings_module.load()
    found = find(files)
    kept = Rejects(Path(rejects) if rejects else rejects_file(settings, found[0]))
    store = StatementStore(connect(settings, user="lrs"), notes=settings.state / "inserts")
    with console.progress("Load", unit="statements") as progress:
        report = load_files(found, store, kept, batch, progress.advance)
    console.say(
        f"{report.read:,} read, {report.stored:,} stored, {report.duplicates:,} duplicates, "
        f"{report.refused_count:,} refused."
    )
    explain(console, report, kept)
    console.result(
        {
            "read": report.read,
            "stored": report.stored,
            "duplicates": report.duplicates,
            "differing": report.differing,
            "refused": report.refused_count,
            "reasons": {reason: group.count for reason, group in sorted(report.refused.items())},
            "broken": report.broken,
            "rejects": str(kept.path) if kept.used else None,
            "files": len(found),
            "seconds": round(report.seconds, 3),
            "rate": round(report.rate, 1),
        }
    )
    if report.broken or (report.refused and not allow_refused):
        raise Exit(code=1)


def explain(console: Console, report: LoadReport, kept: Rejects) -> None:
    """Print what was refused and what could not be read."""
    if report.differing:
        console.warn(
            f"{report.differing:,} of the duplicates say something else than what was stored first, which stays."
        )
    for file, why in report.broken.items():
        console.warn(f"{file} could not be read to its end. {why}")
    if report.refused:
        console.table(
            "Refused",
            ("reason", "lines", "for example", "what is wrong"),
            [
                (
                    reason if place == 0 else "",
                    f"{group.count:,}" if place == 0 else "",
                    f"{one.file}:{one.line}",
                    one.message,
                )
                for reason, group in sorted(report.refused.items(), key=lambda item: -item[1].count)
                for place, one in enumerate(group.examples)
            ],
        )
        console.warn(f"The refused lines are kept in {kept.path}, each with its reason.")


def rejects_file(settings: Settings, first: str) -> Path:
    """Where refused lines are kept unless a file is named."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(first).name) or "standard-input"
    return settings.state / "rejects" / f"{name}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.jsonl"


@task(help={"truth": "A truth file that data.fake wrote; the newest one under .aspects/truth unless given."})
def verify(context: Context, truth: str = "", json: bool = False) -> None:
    """Compare the warehouse's numbers with the ground truth of generated data.

    Looks at the courses of the truth file only, so other data in the warehouse does not matter.
    """
    from aspects.fake.measures import read
    from aspects.fake.verify import verify as compare
    from aspects.warehouse.client import connect
    from aspects.warehouse.refresh import refresh

    console = Console(json)
    settings = settings_module.load()
    path = Path(truth) if truth else _newest_truth(settings)
    expected = read(path)
    with console.phase("Refresh the warehouse"):
        refresh(settings)
    with console.phase(f"Compare with {path}") as phase:
        verified = compare(connect(settings, user="report"), expected)
        phase.note(f"{verified.compared} measures")
    differences = verified.differences
    if differences:
        console.table(
            "Differences",
            ("measure", "key", "expected", "found"),
            [(one.measure, ", ".join(one.key.values()) or "-", one.expected, one.found) for one in differences[:50]],
        )
        console.warn(f"{len(differences):,} values differ.")
    if verified.missing:
        console.warn(f"The warehouse has no view for {', '.join(verified.missing)}.")
    if not differences:
        console.say("Every value that could be compared is as expected.")
    console.result(
        {
            "measures": verified.compared,
            "differences": [
                {"measure": one.measure, "key": one.key, "expected": one.expected, "found": one.found}
                for one in differences
            ],
            "missing": verified.missing,
        }
    )
    if not verified.agrees:
        raise Exit(code=1)


def _newest_truth(settings: Settings) -> Path:
    files = sorted((settings.state / "truth").glob("*.json"), key=lambda file: file.stat().st_mtime)
    if not files:
        raise AspectsError(
            "There is no truth file to compare with.",
            why=f"{settings.state / 'truth'} is empty.",
            fix="Generate data with ./inv data.fake, or name a file with --truth.",
            code="data.no_truth",
        )
    return files[-1]
