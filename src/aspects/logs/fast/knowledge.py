"""What a log does not say, in memory: the users' UUIDs and the courses' names.

The users are kept in the file that the service `event_router` keeps, so that both engines name a user alike.
"""

from __future__ import annotations

import csv
import sqlite3
from pathlib import Path
from typing import Final
from uuid import UUID, uuid4

_ANY: Final = "*"
_USERS: Final = ("user", "user_id", "username")
_UUIDS: Final = ("uuid", "external_user_id")
_TABLE: Final = "create table if not exists users (user text primary key, uuid text not null) without rowid"


class Users:
    """Users by id or name, and their UUIDs. Any number of processes may share one file."""

    def __init__(self, file: Path | None, given: dict[str, str]) -> None:
        """Without a `file` nothing is kept. `given` has the last word; `*` in it stands for all whom it does not name,
        and then the file is neither read nor changed."""
        self._any = given.get(_ANY, "")
        self.known = dict(given)
        self._new = False
        if file:
            file.parent.mkdir(parents=True, exist_ok=True)
            # It says who the learners are.
            file.touch(mode=0o600)
        self._base = sqlite3.connect(file or ":memory:", timeout=60.0, isolation_level=None)
        self._base.execute("pragma journal_mode = wal")
        self._base.execute("pragma synchronous = normal")
        self._base.execute(_TABLE)
        if not self._any:
            self._base.executemany("insert or ignore into users values (?, ?)", given.items())
            self.known = dict(self._base.execute("select user, uuid from users")) | given

    def uuid(self, user: str) -> str:
        """The user's UUID; who has none gets one."""
        return self.known.get(user) or self._any or self._learn(user, "")

    def same(self, user_id: str, username: str) -> None:
        """This id and this name are one user's; if both have a UUID already, both keep theirs."""
        if self._any or (user_id in self.known and username in self.known):
            return
        self._learn(username, self._learn(user_id, self._kept(username)))

    def settle(self) -> None:
        """Bring new users to the disk, before anybody hears of their statements."""
        if self._new:
            self._base.execute("pragma wal_checkpoint(passive)").fetchall()
            self._new = False

    def _kept(self, user: str) -> str:
        if user not in self.known:
            row = self._base.execute("select uuid from users where user = ?", (user,)).fetchone()
            if row is None:
                return ""
            self.known[user] = row[0]
        return self.known[user]

    def _learn(self, user: str, uuid: str) -> str:
        if not self._kept(user):
            # Another process may be first: what stands in the file counts.
            self._base.execute("insert or ignore into users values (?, ?)", (user, uuid or str(uuid4())))
            self._new = True
        return self._kept(user)


def read_users(file: Path) -> dict[str, str]:
    """The users of a CSV file that the service has found good: a header and columns, or user and UUID."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        rows = [row for row in csv.reader(lines) if row]
    header = [name.strip().lower() for name in rows[0]] if rows else []
    uuids = [place for place, name in enumerate(header) if name in _UUIDS]
    users = [place for place, name in enumerate(header) if name in _USERS]
    if uuids and users:
        del rows[0]
    else:
        uuids, users = [1], [0]
    named = ((row[place].strip(), row[uuids[0]]) for row in rows for place in users)
    return {user: str(UUID(uuid.strip())) for user, uuid in named if user}


def read_courses(file: Path) -> dict[str, str]:
    """Courses' names by their keys, of a CSV file with `course_key` and `display_name`."""
    with file.open(newline="", encoding="utf-8-sig") as lines:
        return {row["course_key"]: row["display_name"] for row in csv.DictReader(lines) if row["display_name"]}
