"""The program: dumps what it is told and prints, on standard output, one JSON object for each step; the last is all.

python -m course_sink --object course_overviews course.tar.gz
python -m course_sink --object course_enrollment --since 2025-01-01 enrollments.csv
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

COURSES = "course_overviews"
REFUSED = 4
"""The exit status that says so; Python itself ends with 1 and 2."""


def main() -> int:
    """Returns 0, 4 when something was refused, or 3 when ClickHouse did not take or keep it."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "course_sink.settings")
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    import django

    django.setup()
    from requests import RequestException

    from course_sink.dump import SINKS, LostRowsError, Wanted, dump_courses, dump_files

    parser = argparse.ArgumentParser(prog="course_sink", description="Dump what an LMS knows into ClickHouse.")
    parser.add_argument("sources", nargs="+", type=Path, help="exports of courses, or files of rows")
    parser.add_argument("--object", default=COURSES, choices=[COURSES, *SINKS])
    parser.add_argument("--since", type=_moment, help="leave out what is older")
    parser.add_argument("--force", action="store_true", help="dump what has not changed, too")
    parser.add_argument("--limit", type=int, default=0, help="write so many courses or rows at most")
    parser.add_argument("--dry-run", action="store_true", help="write nothing")
    said = parser.parse_args()
    wanted = Wanted(said.since, said.force, said.limit, said.dry_run)
    reports = (
        dump_courses(said.sources, wanted) if said.object == COURSES else dump_files(said.object, said.sources, wanted)
    )
    refused = False
    try:
        for report in reports:
            refused = bool(report.refused)
            print(json.dumps(asdict(report)), flush=True)
    except (RequestException, LostRowsError) as error:
        print(str(error), file=sys.stderr)
        return 3
    return REFUSED if refused else 0


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
