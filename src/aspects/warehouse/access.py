"""Users and grants on a server that keeps users in its database.

Who may do what is written once, in `services/clickhouse/users.yaml`. The embedded server enforces that file
itself, and a real server may be configured with it; only where neither is so do users come from here.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import yaml

from aspects.settings import Settings
from aspects.stack.secrets import load_secrets

if TYPE_CHECKING:
    from clickhouse_connect.driver.client import Client


def keeps_users(client: Client) -> bool:
    """Whether the engine can store users; the embedded one cannot."""
    found = client.query(
        "select count() from system.user_directories where type in ('local_directory', 'replicated')"
    ).first_row
    return bool(found and found[0])


def kept_by_configuration(client: Client) -> set[str]:
    """The names of users that the server's configuration defines, and SQL cannot change."""
    rows = client.query("select name from system.users where storage = 'users_xml'").result_rows
    return {row[0] for row in rows}


def access_statements(settings: Settings, kept: Collection[str] = ()) -> list[str]:
    """SQL that makes each user, sets the password of this stack, and gives exactly the grants of the file.

    Users in `kept`, and the admin that runs this, are left alone. The statements can run any number of times.
    """
    users = yaml.safe_load((settings.root / "services" / "clickhouse" / "users.yaml").read_text())["users"]
    secrets = load_secrets(settings)
    statements: list[str] = []
    # Views read every shard with cluster(…); they run with dbt's rights, and dbt asks all nodes what is there.
    remote = ["remote on *.*", "cluster on *.*"] if settings.cluster else []
    for name, facts in users.items():
        if name in kept or facts.get("admin"):
            continue
        database = f" default database {facts['database']}" if facts.get("database") else ""
        password = secrets[facts["password"]].replace("\\", "\\\\").replace("'", "\\'")
        login = f"identified with sha256_password by '{password}'"
        grants = _grants(facts) + (remote if name in ("dbt", "retention") else [])
        statements += [
            f"create user if not exists {name}{settings.on_cluster} {login}",
            f"alter user {name}{settings.on_cluster} {login}{database}{_settings(facts)}",
            f"grant{settings.on_cluster} {', '.join(grants)} to {name} with replace option",
        ]
    return statements


def without_passwords(statement: str) -> str:
    """A statement that may be shown: the password of an `identified` clause is masked."""
    return re.sub(r"(identified with \w+ by )'(?:[^'\\]|\\.)*'", r"\1'***'", statement, flags=re.IGNORECASE)


def _grants(facts: dict[str, Any]) -> list[str]:
    given = [
        f"{privilege} on {database}.*"
        for database, privileges in facts.get("grants", {}).items()
        for privilege in privileges
    ]
    anywhere = facts.get("anywhere", [])
    return given + [privilege if " ON " in privilege else f"{privilege} on *.*" for privilege in anywhere]


def _settings(facts: dict[str, Any]) -> str:
    values = {"readonly": 2} if facts.get("readonly") else {}
    values |= facts.get("settings", {})
    if not values:
        return ""
    return " settings " + ", ".join(
        f"{name} = {value}" if isinstance(value, int) else f"{name} = '{value}'" for name, value in values.items()
    )
