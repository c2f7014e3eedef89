"""People of this stack's Superset: their accounts, and the file that says which courses each may see."""

from __future__ import annotations

import os
import secrets as random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from aspects.assets.superset_client import SupersetClient
from aspects.errors import AspectsError
from aspects.settings import Settings

ROLES = ("Operator", "Instructor", "Student", "Embedder")


@dataclass(frozen=True)
class Person:
    """An account, and the courses and organizations that it was given."""

    user: str
    password: str
    role: str
    sees: tuple[str, ...]


def access_file(settings: Settings) -> Path:
    """The file of who may see which courses; Superset reads it again when it has changed."""
    return settings.access_file


def add(settings: Settings, admin: SupersetClient, user: str, role: str, sees: Sequence[str] = ()) -> Person:
    """Make an account with a generated password, or give the one that is there a new password and this role.

    `sees` lists course keys, organizations (all their courses) or `*`; it takes the place of what was given before.
    Raises AspectsError: `access.role`, `access.file`, and those of SupersetClient.
    """
    if role not in ROLES:
        raise AspectsError(
            f"There is no role {role!r}.", fix=f"Use one of {', '.join(ROLES)}.", code="access.role", status=2
        )
    roles = {each["name"]: each["id"] for each in admin.get("security/roles/", q="(page_size:100)")["result"]}
    password = random.token_urlsafe(24)
    account = {
        "username": user,
        "first_name": user,
        "last_name": role,
        "email": f"{user}@localhost",
        "active": True,
        "roles": [roles[role]],
        "password": password,
    }
    users = admin.get("security/users/", q="(page_size:1000)")["result"]
    known = {each["username"]: each["id"] for each in users}
    if user in known:
        admin.put(f"security/users/{known[user]}", account)
    else:
        admin.post("security/users/", account)
    give(access_file(settings), user, sees)
    return Person(user, password, role, tuple(sees))


def give(file: Path, user: str, sees: Sequence[str]) -> None:
    """Write down what a person may see; with nothing, the person is taken out. AspectsError: `access.file`."""
    try:
        people = (yaml.safe_load(file.read_text(encoding="utf-8")) if file.exists() else None) or {}
        if not isinstance(people, dict):
            raise ValueError("it holds no mapping of users to lists")
        people.pop(user, None)
        if sees:
            people[user] = list(sees)
        new = file.with_suffix(".new")
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
            yaml.safe_dump(people, stream, allow_unicode=True)
        if os.getuid() == 0:  # whoever the folder belongs to reads it: a container runs as another user than root
            shutil.chown(new, file.parent.stat().st_uid, file.parent.stat().st_gid)
        new.replace(file)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise AspectsError(
            "The file of course access cannot be changed.",
            why=f"{file}: {error}",
            fix="Correct it: it maps each user to a list of course keys, organizations or '*'.",
            code="access.file",
        ) from error
