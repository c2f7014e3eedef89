"""The program: lines of tracking logs in, xAPI statements out."""

import argparse
import csv
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import django

from event_router import courses
from event_router.errors import UnusableFile
from event_router.people import People, read_map, use


def main() -> None:
    """Read the arguments, and do what they ask for."""
    arguments = _arguments()
    try:
        people = People(None if arguments.forget else arguments.users)
        use(people)
        changed = people.seed(read_map(arguments.user_map)) if arguments.user_map else 0
        if arguments.course_names:
            courses.read_names(arguments.course_names)
    except UnusableFile as error:
        sys.exit(str(error))
    if arguments.seed:
        print(json.dumps({"changed": changed}))
        return
    if arguments.export:
        csv.writer(sys.stdout, lineterminator="\n").writerows([("user", "uuid"), *people.all()])
        return
    django.setup()
    # The library logs each line that it refuses; here they are answers.
    logging.disable(logging.CRITICAL)
    if arguments.answers:
        answer(sys.stdin.buffer, sys.stdout.buffer, people)
    else:
        write(arguments.files, sys.stdout.buffer, people)


def answer(lines: Iterable[bytes], out: BinaryIO, people: People) -> None:
    """For each line one answer: its statements with tabs between them, or `!`, a reason, a tab and a message.

    An empty line asks for the answers to all before it, and is answered by an empty line. Until then nothing is
    written, so whoever asks may write all lines before reading.
    """
    waiting: list[bytes] = []
    for line in lines:
        if line != b"\n":
            waiting.append(line)
            continue
        answers = [_answer(one) for one in waiting]
        waiting.clear()
        # Who reads of a user may rely on the map.
        people.settle()
        out.writelines(answers)
        out.write(b"\n")
        out.flush()


def _answer(line: bytes) -> bytes:
    from event_router.transform import Refused, transform

    made = transform(line)
    if not isinstance(made, Refused):
        return "\t".join(made).encode() + b"\n"
    message = " ".join(made.message.split())
    return f"!{made.reason}\t{message}\n".encode(errors="replace")


def write(files: list[Path], out: BinaryIO, people: People) -> None:
    """Statements one a line; then, on standard error, how many lines were read and why some were refused."""
    from event_router.transform import Refused, transform

    read = statements = 0
    refused: Counter[str] = Counter()
    for stream in [path.open("rb") for path in files] or [sys.stdin.buffer]:
        with stream:
            for line in filter(bytes.strip, stream):
                read += 1
                made = transform(line)
                if isinstance(made, Refused):
                    refused[made.reason] += 1
                    continue
                people.settle()
                out.writelines(one.encode() + b"\n" for one in made)
                statements += len(made)
    out.flush()
    report = {"read": read, "statements": statements, "refused": refused.total(), "reasons": refused}
    print(json.dumps(report), file=sys.stderr)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="event_router", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="tracking logs; standard input when there is none")
    default = os.environ.get("ASPECTS_USERS", "users.sqlite")
    parser.add_argument("--users", type=Path, default=Path(default), help="where users' UUIDs are kept")
    parser.add_argument("--forget", action="store_true", help="keep no new user's UUID, and read none that is kept")
    parser.add_argument("--user-map", type=Path, help="a CSV file of users and UUIDs to take over first")
    parser.add_argument("--course-names", type=Path, help="a CSV file with course_key and display_name")
    parser.add_argument("--seed", action="store_true", help="take over the user map, and do nothing else")
    parser.add_argument("--export", action="store_true", help="print users and UUIDs as CSV, and do nothing else")
    parser.add_argument("--answers", action="store_true", help="answer each line by one line: another program asks")
    return parser.parse_args()


if __name__ == "__main__":
    main()
