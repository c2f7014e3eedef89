"""Who is who: the UUID under which statements name each user of the LMS, kept in a file.

The id of a statement contains its actor, so a user must have the same UUID for ever: it is drawn once and
kept, or taken from a CSV file, such as an LMS's own external ids. Users are known by id, by name, or both.
"""

import csv
import re
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid4

from event_router.errors import UnusableFile

ANY = "*"
_IDENTIFIERS = ("user", "user_id", "username")
_UUIDS = ("uuid", "external_user_id")
_BUSY_SECONDS = 60.0
_IDENTIFIER = re.compile(r"[0-9]{1,18}").fullmatch


class Person(NamedTuple):
    """A user of the LMS."""

    uuid: str


class People:
    """The map of users to UUIDs. Several processes may share one file."""

    def __init__(self, file: Path | None) -> None:
        """`file` is made when it is not there; None keeps nothing."""
        self._known: dict[str, str] = {}
        self._any = ""
        self._new = False
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            # It says who the learners are.
            file.touch(mode=0o600)
        self._base = sqlite3.connect(file or ":memory:", timeout=_BUSY_SECONDS, isolation_level=None)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute("create table if not exists users (user text primary key, uuid text not null) without rowid")

    def person(self, user: str) -> Person:
        """The user with this id (digits) or name; who is not known yet gets a UUID."""
        user = user.strip() if type(user) is str else str(user)
        return Person(self._known.get(user) or self._any or self._learn(user, ""))

    def same(self, user_id: object, username: object) -> None:
        """A line of the log says that this id and this name are one user's."""
        if type(username) is not str or not username or type(user_id) not in (int, str):
            return
        if not _IDENTIFIER(str(user_id)):
            return
        first, second = str(int(str(user_id))), username
        if self._any or (first in self._known and second in self._known):
            return
        uuid = self._learn(first, self._look(second))
        self._learn(second, uuid)

    def seed(self, pairs: Iterable[tuple[str, str]]) -> int:
        """Take UUIDs that are known elsewhere; returns how many users had another one until now.

        With `*` among the users, whoever is not named gets that UUID, and what the file holds is neither read
        nor changed.
        """
        given = dict(pairs)
        self._any = given.pop(ANY, "")
        if self._any:
            self._known.update(given)
            return 0
        changed = sum(self._look(user) not in ("", uuid) for user, uuid in given.items())
        self._base.execute("begin immediate")
        self._base.executemany("insert or replace into users values (?, ?)", given.items())
        self._base.execute("commit")
        self._known.update(given)
        return changed

    def all(self) -> Iterator[tuple[str, str]]:
        """Every user and UUID that is kept, sorted."""
        yield from self._base.execute("select user, uuid from users order by user")

    def settle(self) -> None:
        """Bring new users to the disk, before anybody hears of their statements."""
        if self._new:
            self._base.execute("pragma wal_checkpoint(passive)").fetchall()
            self._new = False

    def _look(self, user: str) -> str:
        if user not in self._known:
            row = self._base.execute("select uuid from users where user = ?", (user,)).fetchone()
            if not row:
                return ""
            self._known[user] = row[0]
        return self._known[user]

    def _learn(self, user: str, uuid: str) -> str:
        """The user's UUID: the one that is kept, else this one, else a new one."""
        found = self._look(user)
        if not found:
            self._base.execute("insert or ignore into users values (?, ?)", (user, uuid or str(uuid4())))
            self._new = True
            found = self._look(user)
        return found


def read_map(file: Path) -> Iterator[tuple[str, str]]:
    """Users and UUIDs of a CSV file.

    Its header names a column `uuid` or `external_user_id`, and one or more of `user`, `user_id` and `username`;
    without a header the columns are user and UUID. Raises UnusableFile.
    """
    try:
        with file.open(newline="", encoding="utf-8-sig") as lines:
            rows = csv.reader(lines)
            header = [name.strip().lower() for name in next(rows, [])]
            uuid_at = next((place for place, name in enumerate(header) if name in _UUIDS), None)
            users_at = [place for place, name in enumerate(header) if name in _IDENTIFIERS]
            if uuid_at is None or not users_at:
                uuid_at, users_at = 1, [0]
                lines.seek(0)
            for number, row in enumerate(rows, start=1):
                if row:
                    yield from _pairs(row, users_at, uuid_at, f"{file}, row {number}")
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnusableFile(f"{file} cannot be read: {error}") from error


def _pairs(row: list[str], users_at: list[int], uuid_at: int, where: str) -> Iterator[tuple[str, str]]:
    try:
        uuid = str(UUID(row[uuid_at].strip()))
        users = [row[place].strip() for place in users_at if row[place].strip()]
    except (IndexError, ValueError) as error:
        raise UnusableFile(f"{where}: a user and a UUID are expected, {','.join(row)[:80]!r} was found.") from error
    for user in users:
        yield user, uuid


_people = People(None)


def people() -> People:
    """The map in use."""
    return _people


def use(chosen: People) -> None:
    """Use this map from now on."""
    global _people
    _people = chosen
