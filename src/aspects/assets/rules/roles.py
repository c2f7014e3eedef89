"""Roles that a folder brings along, as `superset fab export-roles` writes them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from aspects.assets.rules.registry import Context, rule

FAMILY = "access"
FILE = "roles.json"
EVERYTHING = frozenset({"all_datasource_access", "all_database_access", "all_query_access"})
"""Permissions that open the data of every dataset, past every dashboard's list of roles."""
MAY_HAVE_EVERYTHING = frozenset({"Admin", "Alpha", "Operator"})


@rule("A005", FAMILY, "roles open what they are for, and differ")
def exported_roles(context: Context) -> None:
    path = Path(context.assets.folder, FILE)
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace")
    try:
        roles = {str(role["name"]): _permissions(role) for role in json.loads(text)}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        fix = "Write it with `superset fab export-roles`."
        context.findings.report("A005", FILE, 1, f"The file is no list of roles ({error}).", fix)
        return
    first: dict[frozenset[tuple[str, str]], str] = {}
    for name, permissions in roles.items():
        line = _line(text, name)
        open_to_all = sorted({permission for permission, _ in permissions} & EVERYTHING)
        if open_to_all and name not in MAY_HAVE_EVERYTHING:
            message = f"The role {name!r} has {', '.join(open_to_all)}, and so sees the rows of every dataset."
            context.findings.report("A005", FILE, line, message, "Take it away: dashboards open their own data.")
        other = first.setdefault(permissions, name)
        if other != name and permissions:
            message = f"The roles {other!r} and {name!r} have the same {len(permissions)} permissions."
            context.findings.report("A005", FILE, line, message, "Give each what it is for, or remove one.")


def _permissions(role: dict[str, Any]) -> frozenset[tuple[str, str]]:
    return frozenset((str(each["permission"]["name"]), str(each["view_menu"]["name"])) for each in role["permissions"])


def _line(text: str, name: str) -> int:
    found = re.search(rf'"name":\s*{re.escape(json.dumps(name))}', text)
    return text.count("\n", 0, found.start()) + 1 if found else 1
