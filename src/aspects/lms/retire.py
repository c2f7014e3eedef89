"""Takes a learner's identity out of every table, and shows that it is gone.

What a learner did stays, under an identifier that leads to nobody: statements are copied with it, the old rows go from
every table, and the copies are stored as if they came from the LMS, so that every table makes of them what it made of
the old ones. Counts stay the same.

No query names an identifier: they stand in `xapi.retiring`, so query logs and lists of mutations keep none. When this
dies half-way they and the copies stay, and the next run goes on with them.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from aspects.errors import AspectsError
from aspects.lms.traces import Trace, external_ids_in_logs, find_files, forget_files
from aspects.settings import Settings
from aspects.warehouse.client import connect, explain
from aspects.warehouse.lock import only_one_run
from aspects.warehouse.refresh import refresh

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

RETIRING = "xapi.retiring"
OF_PEOPLE = ("user_profile", "external_id", "learner_identifiers")
ACTORS = f"(select found from {RETIRING} where kind = 'actor')"
TEXTS = f"(select groupArray(found) from {RETIRING} where kind = 'text')"
USERS = f"(select user_id from {RETIRING} where user_id != 0)"
NAMES = f"(select found from {RETIRING} where kind = 'name')"
THEIR_STATEMENTS = f"event_id in (select event_id from reporting.statements where actor_id in {ACTORS})"
MENTIONED = f"multiSearchAnyCaseInsensitiveUTF8(event, {TEXTS})"
COPIES = "xapi.retiring_statements"
COPY = (
    f"insert into {COPIES} with (select groupArray((found, becomes)) from {RETIRING} where kind = 'text') as pairs"
    " select event_id, emission_time, arrayFold((text, pair) ->"
    " replaceRegexpAll(text, concat('(?i)', regexpQuoteMeta(pair.1)), pair.2), pairs, event)"
    " from xapi.xapi_events_all where "
)
STORE_COPIES = f"insert into xapi.xapi_events_all select event_id, emission_time, event from {COPIES} final"
LOGS = (
    "select table, groupArray(name) from system.columns where database = 'system' and table like '%\\_log'"
    " and name in ('query', 'formatted_query', 'message', 'exception', 'command') and type = 'String'"
    " and table in (select name from system.tables where database = 'system' and engine like '%MergeTree')"
    " group by table"
)
NOW = {"mutations_sync": 2, "lightweight_deletes_sync": 2, "allow_nondeterministic_mutations": 1}
IN_ONE = {"async_insert": 0}
AT_ONCE = 4
"""Tables that rows are deleted from at the same time."""
NAMED = ("actor_id", "username")
"""Columns in which a user name stands alone; elsewhere the same word may mean something else."""
KINDS_OF_TEXT = ("String", "UUID", "FixedString")
LONGEST_WAIT = 600
"""Seconds to wait for a refresh or a build to end: they would write what this takes out."""


@dataclass(frozen=True)
class Learner:
    """Everything by which the warehouse may know one person."""

    user_ids: frozenset[int] = frozenset()
    usernames: frozenset[str] = frozenset()
    emails: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()

    def __or__(self, other: Learner) -> Learner:
        return Learner(
            self.user_ids | other.user_ids,
            self.usernames | other.usernames,
            self.emails | other.emails,
            self.names | other.names,
            self.external_ids | other.external_ids,
        )

    @property
    def actors(self) -> list[str]:
        """As statements name an actor: by an account, an address, or its sum."""
        mailed = [f"mailto:{email.lower()}" for email in self.emails]
        return sorted({*self.external_ids, *self.usernames, *mailed, *map(_sum, self.emails)})

    @property
    def texts(self) -> list[str]:
        """What gives the person away wherever it stands. A name that may be a word counts as a whole value only."""
        whole = [mark + value + mark for value in self.usernames | self.names for mark in "\"'"]
        return sorted({*self.external_ids, *self.emails, *map(_sum, self.emails), *whole})


@dataclass(frozen=True)
class Retired:
    """What was done: `identifiers` that were known, statements that were written again, and where something was left
    (nothing, unless it came back meanwhile)."""

    identifiers: int
    statements: int
    seconds: float
    scanned_columns: int
    scan_seconds: float
    left: list[Trace] = field(default_factory=list)


def _sum(email: str) -> str:
    return hashlib.sha1(f"mailto:{email}".encode(), usedforsecurity=False).hexdigest()


def known_by(word: str) -> Learner:
    """What a word says: a number is a user id, a UUID an external id, what has an @ an address, all else a name."""
    if word.isdecimal():
        return Learner(user_ids=frozenset([int(word)]))
    if "@" in word:
        return Learner(emails=frozenset([word.removeprefix("mailto:")]))
    try:
        return Learner(external_ids=frozenset([str(UUID(word))]))
    except ValueError:
        return Learner(usernames=frozenset([word]))


def find_learner(client: Client, word: str) -> Learner:
    """The person of a user id, user name, address or external id, with all else that the LMS has sent of them."""
    found = known_by(word)
    while True:
        asked = {
            "ids": sorted(found.user_ids),
            "names": sorted(found.usernames),
            "emails": sorted(each.lower() for each in found.emails),
            "external": sorted(found.external_ids),
        }
        more = found
        for user_id, username, email, name, external in client.query(PEOPLE, parameters=asked).result_rows:
            more |= Learner(
                frozenset([user_id] if user_id else []),
                frozenset([username] if username else []),
                frozenset([email] if email else []),
                frozenset([name] if name else []),
                frozenset([external] if external else []),
            )
        if more == found:
            return found
        found = more


_PERSON = "user_id in {ids:Array(UInt64)} or username != '' and username in {names:Array(String)}"
PEOPLE = (
    "select user_id, username, email, name, '' as external from event_sink.user_profile"
    f" where {_PERSON} or lower(email) in {{emails:Array(String)}}"
    " union distinct select user_id, username, '', '', toString(external_user_id) from event_sink.external_id"
    f" where {_PERSON} or toString(external_user_id) in {{external:Array(String)}}"
    " union distinct select user_id, username, email, name, external_user_id from event_sink.learner_identifiers"
    f" where {_PERSON} or lower(email) in {{emails:Array(String)}}"
    " or external_user_id in {external:Array(String)}"
    f" union distinct select user_id, username, '', '', '' from event_sink.course_enrollment where {_PERSON}"
)
RETIRED_BY_THE_LMS = (
    "select distinct arrayJoin(splitByRegexp(' *, *', extract(command, '(?i)user_id in \\(([0-9, ]+)\\)'))) as number"
    " from system.mutations where database = 'event_sink' and table in ('user_profile', 'external_id')"
    " and match(command, '(?i)delete where user_id in') and number in"
    " (select toString(user_id) from event_sink.learner_identifiers)"
)


def retire(settings: Settings, words: Sequence[str], progress: Callable[[str], None] = lambda step: None) -> Retired:
    """Take these people out. Without words, only what an earlier run has left undone.

    Raises AspectsError: those of `connect`, `warehouse.query`, `warehouse.busy` while a refresh does not end, and
    `users.unknown` when nothing is known of somebody.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    started = time.monotonic()
    with (
        only_one_run(settings, "users.retire", wait=LONGEST_WAIT),
        closing(connect(settings, user="privacy")) as client,
    ):
        try:
            learner = Learner()
            for word in words:
                progress("Find what is known")
                learner |= _known(settings, client, word)
            _remember(client, learner)
            texts = [row[0] for row in client.query(f"select found from {RETIRING} where kind = 'text'").result_rows]
            with only_one_run(settings, "warehouse.refresh", wait=LONGEST_WAIT):
                count = _replace(client, THEIR_STATEMENTS, progress)
            forget_files(settings, texts)
            progress("Look at every column of every table")
            scan_started = time.monotonic()
            columns, left = scan(client)
            if any(trace.place.startswith("xapi.xapi_events_all.") for trace in left):
                count += _replace(client, MENTIONED, progress)
                scan_started = time.monotonic()
                columns, left = scan(client)
            left += find_files(settings, texts)
            scanned = time.monotonic() - scan_started
            if not left:
                client.command(f"truncate table {RETIRING}")
        except ClickHouseError as error:
            raise explain(error, settings, "privacy") from error
    refresh(settings)
    return Retired(len(texts), count, time.monotonic() - started, columns, scanned, left)


def retire_whom_the_lms_has_retired(settings: Settings) -> None:
    """Take out the users whose profiles and external ids the LMS's own plugin has deleted.

    That is all it does when the LMS retires somebody; which users it was stands in ClickHouse's list of deletions.
    Raises AspectsError as `retire` does.
    """
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    with closing(connect(settings, user="privacy")) as client:
        try:
            users = [row[0] for row in client.query(RETIRED_BY_THE_LMS).result_rows]
        except ClickHouseError as error:
            raise explain(error, settings, "privacy") from error
    if users:
        retire(settings, users)


def _known(settings: Settings, client: Client, word: str) -> Learner:
    learner = find_learner(client, word)
    accounts = [*learner.usernames, *map(str, learner.user_ids)]
    learner |= Learner(external_ids=frozenset(external_ids_in_logs(settings, accounts)))
    seen = client.query(
        "select count() from reporting.statements where actor_id in {actors:Array(String)}",
        parameters={"actors": learner.actors},
    ).first_row
    if learner == known_by(word) and not (seen and seen[0]):
        raise AspectsError(
            f"Nothing is known of {word!r}.",
            why="The LMS has sent no enrollment, profile or external id of that name, and no statement has it.",
            fix="Name the learner by user name, number, e-mail address, or the external id that statements carry.",
            code="users.unknown",
            status=2,
        )
    return learner


def _remember(client: Client, learner: Learner) -> None:
    """Write down what goes, and what stands in its place."""
    rows: list[tuple[str, str, str, int]] = [("user", "", "", user_id) for user_id in sorted(learner.user_ids)]
    rows += [("actor", actor, "", 0) for actor in learner.actors]
    rows += [("name", name, "", 0) for name in sorted(learner.usernames)]
    rows += [("text", text, _instead_of(text), 0) for text in learner.texts]
    if rows:
        client.insert(RETIRING, rows, column_names=["kind", "found", "becomes", "user_id"])


def _instead_of(text: str) -> str:
    """Something of the same form that leads to nobody."""
    new = str(uuid4())
    if text[0] in "\"'":
        return text[0] + new + text[0]
    if "@" in text:
        return f"{new}@retired.invalid"
    return new if "-" in text else hashlib.sha1(new.encode(), usedforsecurity=False).hexdigest()


def _replace(client: Client, where: str, progress: Callable[[str], None]) -> int:
    """Put nameless copies in the place of statements; returns how many."""
    progress("Copy statements")
    client.command(COPY + where, settings=IN_ONE)
    count = _count(client, f"{COPIES} final", "true")
    progress("Take out the old rows")
    if count:
        client.command(
            f"delete from xapi.xapi_events_all where event_id in (select event_id from {COPIES})", settings=NOW
        )
    _delete(client)
    progress("Store the copies")
    client.command(STORE_COPIES, settings=IN_ONE)
    client.command(f"truncate table {COPIES}")
    return count


def _delete(client: Client) -> None:
    """What was made of the statements, what the LMS has sent, and what logs say, goes."""
    theirs = f"user_id in {USERS} or username in {NAMES}"
    refused = f"refused_statement != '' and multiSearchAnyCaseInsensitiveUTF8(refused_statement, {TEXTS})"
    client.command("system flush logs")
    rest = dict.fromkeys(_tables_with_actors(client), f"actor_id in {ACTORS}")
    rest["reporting.statements"] += f" or {refused}"
    rest |= {f"event_sink.{table}": theirs for table in OF_PEOPLE}
    for table, columns in client.query(LOGS).result_rows:
        said = (f"multiSearchAnyCaseInsensitiveUTF8({_quoted(name)}, {TEXTS})" for name in columns)
        rest[f"system.{table}"] = " or ".join(said)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(lambda table: _delete_rows(client, table, rest[table]), rest))
    enrollments = "event_sink.course_enrollment"
    if _count(client, enrollments, theirs):
        client.command(f"alter table {enrollments} update username = '', user_id = 0 where {theirs}", settings=NOW)


def _delete_rows(client: Client, table: str, where: str) -> None:
    """A table without such rows is left alone: a deletion looks at each of its parts, a question does not."""
    if _count(client, table, where):
        client.command(f"delete from {table} where {where}", settings=NOW)


def _count(client: Client, table: str, where: str) -> int:
    found = client.query(f"select count() from {table} where {where}").first_row
    return int(found[0]) if found else 0


def _tables_with_actors(client: Client) -> Iterator[str]:
    for (name,) in client.query(
        "select database || '.' || table from system.columns inner join system.tables"
        " on columns.database = tables.database and columns.table = tables.name"
        " where columns.name = 'actor_id' and database = 'reporting' and engine like '%MergeTree' order by 1"
    ).result_rows:
        yield name


def scan(client: Client) -> tuple[int, list[Trace]]:
    """Look for what is being taken out in every column of text of every table and dictionary; how many columns were
    looked at, and where something was found."""
    columns: dict[str, list[str]] = {}
    for table, column in client.query(
        "select database || '.' || table, name from system.columns"
        " where (database in ('xapi', 'event_sink', 'reporting') or database = 'system' and table like '%\\_log')"
        f" and match(type, '{'|'.join(KINDS_OF_TEXT)}') and not match(type, 'AggregateFunction')"
        " and default_kind != 'ALIAS'"
        " and (database, table) in (select database, name from system.tables"
        " where engine like '%MergeTree' or engine = 'Dictionary')"
        f" and database || '.' || table not in ('{RETIRING}', '{COPIES}') order by 1, position"
    ).result_rows:
        columns.setdefault(table, []).append(column)
    found = []
    for table, names in columns.items():
        counted = ", ".join(
            f"countIf(multiSearchAnyCaseInsensitiveUTF8(toString({_quoted(name)}), {TEXTS})"
            + (f" or toString({_quoted(name)}) in {NAMES})" if name in NAMED else ")")
            for name in names
        )
        (row,) = client.query(f"select {counted} from {table}").result_rows
        found += [Trace(f"{table}.{name}", count) for name, count in zip(names, row, strict=True) if count]
    for table in (*OF_PEOPLE, "course_enrollment"):
        (row,) = client.query(f"select count() from event_sink.{table} where user_id in {USERS}").result_rows
        found += [Trace(f"event_sink.{table}.user_id", row[0])] if row[0] else []
    return sum(map(len, columns.values())), found


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "\\`") + "`"
