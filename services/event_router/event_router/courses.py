"""What courses are called. An LMS knows; outside of it the names come from a file, or the key is the name."""

import csv
from pathlib import Path

from event_router.errors import UnusableFile

_names: dict[str, str] = {}
ANY = "*"


def read_names(file: Path) -> None:
    """Take names from a CSV file whose header has `course_key` and `display_name`; `*` stands for any other course.

    Raises UnusableFile.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.DictReader(lines)
            if not {"course_key", "display_name"} <= set(rows.fieldnames or ()):
                raise UnusableFile(f"{file} has no header with course_key and display_name.")
            _names.update((row["course_key"], row["display_name"]) for row in rows if row["display_name"])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableFile(f"{file} cannot be read: {error}") from error


def display_name(course_key: str) -> str:
    """The name of a course."""
    return _names.get(course_key) or _names.get(ANY) or course_key
