"""Migrations of the warehouse: numbered SQL files, applied once each, in order.

Every statement of a migration can run twice without harm (a test keeps it so), because ClickHouse has no
transactions: a run that died half-way is simply run again, and two runs from two machines do not collide.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.warehouse.access import (
    access_statements,
    keeps_users,
    kept_by_configuration,
    without_passwords,
)
from aspects.warehouse.client import connect, first_line
from aspects.warehouse.lock import only_one_run

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client

FOLDER = Path(__file__).parent / "migrations"
HISTORY = "aspects.migrations"


@dataclass(frozen=True)
class Migration:
    """A migration as it stands in its file. `checksum` is of the file's text, so it is the same on a cluster."""

    number: int
    name: str
    text: str
    checksum: str


@dataclass(frozen=True)
class MigrateResult:
    """What a run did, or with a dry run would do.

    `applied` has the names of the migrations, `statements` their SQL, `version` the number of the newest
    migration that the database has afterwards. `users` is "sql" when users are kept in the database, and
    `grants` has their SQL with passwords masked; it is "server" when the server's configuration keeps them.
    """

    applied: list[str]
    statements: list[str]
    version: int
    dry_run: bool
    users: str
    grants: list[str] = field(default_factory=list)


def migrate(settings: Settings, dry_run: bool = False, folder: Path = FOLDER) -> MigrateResult:
    """Bring the warehouse to the newest migration; with `dry_run` only say what would be done.

    Raises AspectsError: those of `connect`; `warehouse.edited` when a migration was changed after it was
    applied; `warehouse.newer` when the database has migrations that this code does not know;
    `warehouse.migration` when a statement fails, which it names; `warehouse.busy` when another run does not
    end.
    """
    migrations = load_migrations(folder)
    client = connect(settings, user="admin")
    try:
        if dry_run:
            return _run(client, settings, migrations, dry_run=True)
        with only_one_run(settings, "warehouse.migrate"):
            return _run(client, settings, migrations, dry_run=False)
    finally:
        client.close()


def load_migrations(folder: Path = FOLDER) -> list[Migration]:
    """The migrations of a folder in order. Raises ValueError for a bad file name or a number used twice."""
    found: list[Migration] = []
    for file in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+", file.stem)
        if match is None:
            raise ValueError(f"{file.name}: a migration's name is four digits, _ and words: 0005_what_it_does.sql")
        text = file.read_text(encoding="utf-8")
        found.append(Migration(int(match[1]), file.stem, text, hashlib.sha256(text.encode()).hexdigest()))
    numbers = [migration.number for migration in found]
    if numbers != list(range(1, len(numbers) + 1)):
        raise ValueError(f"{folder}: migrations are numbered 1, 2, 3 …, each once, but these are {numbers}")
    return found


def render(text: str, cluster: str = "") -> list[str]:
    """The statements of a migration for one node, or for a cluster.

    A statement ends with `;` at the end of a line.
    """

    def local(table: str) -> str:
        return f"{table}_local" if cluster else table

    def engine(name: str, *arguments: str) -> str:
        return f"{'Replicated' if cluster else ''}{name}({', '.join(arguments)})"

    def distributed(database: str, table: str, sharding_key: str) -> str:
        if not cluster:
            return ""
        return (
            f"create table if not exists {database}.{table} on cluster '{cluster}' as {database}.{local(table)}\n"
            f"engine = Distributed('{cluster}', '{database}', '{local(table)}', {sharding_key});"
        )

    rendered = (
        Environment(undefined=StrictUndefined)
        .from_string(text)
        .render(
            on_cluster=f"on cluster '{cluster}'" if cluster else "",
            local=local,
            engine=engine,
            distributed=distributed,
        )
    )
    statements = (part.strip() for part in re.split(r";[ \t]*(?:\n|$)", rendered))
    return [tidy for part in statements if (tidy := _without_blank_ends(part))]


def check_history(migrations: list[Migration], applied: dict[int, tuple[str, str]]) -> None:
    """Compare the files with what the database says was applied (number → name, checksum).

    Raises AspectsError `warehouse.newer` or `warehouse.edited`.
    """
    known = {migration.number: migration for migration in migrations}
    for number, (name, checksum) in sorted(applied.items()):
        if number not in known:
            raise AspectsError(
                "The warehouse is newer than this code.",
                why=f"Migration {name} was applied to it, and this version of Aspects does not have it.",
                fix="Update the code, or restore a backup that was made with this version.",
                code="warehouse.newer",
            )
        if known[number].checksum != checksum:
            raise AspectsError(
                f"The migration {known[number].name} was changed after it was applied.",
                why="The warehouse has what the file said then; a change to the file never reaches it.",
                fix=f"Put {known[number].name}.sql back as it was, and make the change in a new migration.",
                code="warehouse.edited",
            )


def _run(client: Client, settings: Settings, migrations: list[Migration], dry_run: bool) -> MigrateResult:
    applied = _read_history(client)
    check_history(migrations, applied)
    pending = [migration for migration in migrations if migration.number not in applied]
    done: list[str] = []
    statements: list[str] = []
    if pending and not dry_run:
        for statement in _history_tables(settings.cluster):
            _execute(client, statement, "the table of applied migrations")
    for migration in pending:
        for statement in render(migration.text, settings.cluster):
            statements.append(statement)
            if not dry_run:
                _execute(client, statement, migration.name)
        if not dry_run:
            client.insert(
                HISTORY,
                [[migration.number, migration.name, migration.checksum]],
                column_names=["number", "name", "checksum"],
            )
        done.append(migration.name)
    grants = access_statements(settings, kept_by_configuration(client)) if keeps_users(client) else []
    if not dry_run:
        for statement in grants:
            _execute(client, statement, "users and grants")
    return MigrateResult(
        applied=done,
        statements=statements,
        version=max([*applied, *(migration.number for migration in (pending if not dry_run else []))], default=0),
        dry_run=dry_run,
        users="sql" if grants else "server",
        grants=[without_passwords(statement) for statement in grants],
    )


def _history_tables(cluster: str) -> list[str]:
    return render(
        "create database if not exists aspects {{ on_cluster }};\n"
        f"create table if not exists {HISTORY} {{{{ on_cluster }}}} (\n"
        "    number UInt32,\n    name String,\n    checksum String,\n    applied_at DateTime default now()\n"
        ")\nengine = {{ engine('ReplacingMergeTree') }}\norder by number;\n",
        cluster,
    )


def _read_history(client: Client) -> dict[int, tuple[str, str]]:
    if not client.command(f"exists table {HISTORY}"):
        return {}
    rows = client.query(f"select number, any(name), any(checksum) from {HISTORY} group by number").result_rows  # noqa: S608  # a name of ours
    return {number: (name, checksum) for number, name, checksum in rows}


def _execute(client: Client, statement: str, part_of: str) -> None:
    from clickhouse_connect.driver.exceptions import ClickHouseError  # slow to import

    try:
        client.command(statement)
    except ClickHouseError as error:
        raise AspectsError(
            f"A statement of {part_of} failed.",
            why=f"{first_line(error)}\n{without_passwords(statement)}",
            fix="Mend the cause and run ./inv warehouse.migrate again: it goes on where it stopped.",
            code="warehouse.migration",
        ) from error


def _without_blank_ends(statement: str) -> str:
    """A statement with no trailing spaces; nothing when it is only comments."""
    lines = [line.rstrip() for line in statement.splitlines()]
    return "\n".join(lines).strip() if any(line and not line.startswith("--") for line in lines) else ""
