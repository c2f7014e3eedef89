"""The users of users.yaml: who they are, what they may do, and whether a password is theirs."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml


class UsersError(Exception):
    """users.yaml, or the environment it refers to, cannot be used. The text says what to mend."""


@dataclass(frozen=True)
class User:
    """One user.

    grants: database → privileges in ClickHouse's words. anywhere: privileges without a database.
    settings: settings of this user's queries unless the client sets them.
    """

    name: str
    purpose: str
    password: str
    admin: bool = False
    readonly: bool = False
    grants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    anywhere: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """The engine's role that holds this user's privileges."""
        return f"{self.name}_role"

    @property
    def system_tables(self) -> frozenset[str]:
        """The system tables that `anywhere` names: this user may read them, and all that is in them."""
        named = (re.fullmatch(r"SELECT ON system\.(\w+)", privilege) for privilege in self.anywhere)
        return frozenset(found[1] for found in named if found)

    def grant_statements(self) -> list[str]:
        """What this user may do, as GRANT statements without their TO, as users.xml has them."""
        if self.admin:
            return ["GRANT ALL ON *.* WITH GRANT OPTION"]
        statements = [f"GRANT {', '.join(names)} ON {database}.*" for database, names in self.grants.items()]
        statements.append("GRANT SHOW DATABASES ON default.*")  # where a client is that names no database
        for privilege in self.anywhere:
            statements.append(f"GRANT {privilege}" if " ON " in privilege else f"GRANT {privilege} ON *.*")
        return statements


def load_users(path: Path, environment: Mapping[str, str]) -> dict[str, User]:
    """Read users.yaml; passwords come from the environment variables that it names.

    Raises UsersError when the file is not as it should be or a variable is missing or empty.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsersError(f"Cannot read {path}: {error}") from error
    entries = document.get("users") if isinstance(document, dict) else None
    if not isinstance(entries, dict) or not entries:
        raise UsersError(f"{path} has no users. It needs a mapping `users` of names to their facts.")
    users = {str(name): _user(str(name), facts, path, environment) for name, facts in entries.items()}
    if not any(user.admin for user in users.values()):
        raise UsersError(f"{path} has no user with `admin: true`: nobody could migrate the warehouse.")
    return users


def _user(name: str, facts: object, path: Path, environment: Mapping[str, str]) -> User:
    if not isinstance(facts, dict) or "password" not in facts:
        raise UsersError(f"{path}: user {name} needs `password`, the name of an environment variable.")
    variable = str(facts["password"])
    password = environment.get(variable, "")
    if not password:
        raise UsersError(f"The password of user {name} is missing: set the environment variable {variable}.")
    return User(
        name=name,
        purpose=str(facts.get("purpose", "")),
        password=password,
        admin=bool(facts.get("admin", False)),
        readonly=bool(facts.get("readonly", False)),
        grants={str(db): tuple(map(str, names)) for db, names in (facts.get("grants") or {}).items()},
        anywhere=tuple(map(str, facts.get("anywhere") or ())),
        settings={str(key): str(value) for key, value in (facts.get("settings") or {}).items()},
    )


def authenticate(users: Mapping[str, User], name: str, password: str) -> User | None:
    """The user, when the password is theirs. Takes as long for an unknown name as for a wrong password."""
    user = users.get(name)
    expected = user.password if user else "\0"
    matches = hmac.compare_digest(expected.encode(), password.encode("utf-8", "surrogateescape"))
    return user if user and matches else None
