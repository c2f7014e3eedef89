"""One process of the fast engine: lines on standard input, answers on standard output (see `logs.processes`)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from aspects.logs.engine import IN_DOUBT, Answer
from aspects.logs.fast.knowledge import Users, read_courses, read_users
from aspects.logs.fast.transformer import Transformer


def main() -> None:
    """Answer until the input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--lms-url", required=True)
    parser.add_argument("--users", type=Path, help="where users' UUIDs are kept; nothing is kept without it")
    parser.add_argument("--user-map", type=Path)
    parser.add_argument("--course-names", type=Path)
    given = parser.parse_args()
    users = Users(given.users, read_users(given.user_map) if given.user_map else {})
    courses = read_courses(given.course_names) if given.course_names else {}
    serve(sys.stdin.buffer, sys.stdout.buffer, Transformer(given.lms_url, users, courses), users)


def serve(lines: Iterable[bytes], out: BinaryIO, transformer: Transformer, users: Users) -> None:
    """Answer all lines up to an empty one, and again."""
    waiting: list[bytes] = []
    for line in lines:
        if line != b"\n":
            waiting.append(_written(transformer.answer(line[:-1])))
            continue
        # Who reads of a user may rely on the map.
        users.settle()
        out.write(b"".join(waiting) + b"\n")
        out.flush()
        waiting.clear()


def _written(answer: Answer) -> bytes:
    if answer is IN_DOUBT:
        return b"?\n"
    if answer.reason:
        return f"!{answer.reason}\t{answer.message}\n".encode()
    return b"\t".join(answer.statements) + b"\n"


if __name__ == "__main__":
    main()
