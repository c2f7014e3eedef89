"""Statements about queries and users, put into the words of an engine that knows one user and makes up query ids."""

from collections.abc import Callable
from typing import Any

from embedded_clickhouse.engine import MARK
from embedded_clickhouse.policy import TRANSLATED_TABLES, Tree, walk
from embedded_clickhouse.sql import quote_string
from embedded_clickhouse.statement import tokens
from embedded_clickhouse.users import User

# What run.py adds to a query to have its result in a pipe.
_OUTFILE = "'INTO OUTFILE .{1,8}/proc/self/fd/[0-9]+.{1,4} APPEND'"

Parse = Callable[[bytes], Tree]

_USER_FUNCTIONS = ("currentuser", "current_user", "user")
_QUERY_ID_FUNCTIONS = (
    "queryid",
    "query_id",
    "currentqueryid",
    "current_query_id",
    "initialqueryid",
    "initial_query_id",
)


def translated_table(table: str, user: User) -> str:
    """A query that shows system.processes or system.query_log with the query ids and users that clients know.

    Who is neither an admin nor granted the table sees only what is theirs.
    """
    mark = f"Settings['{MARK}']"
    name, query_id = f"splitByChar('/', {mark}, 2)[1]", f"substring({mark}, position({mark}, '/') + 1)"
    replaced = (
        f"if({mark} = '', query_id, {query_id}) as query_id, "
        f"if({mark} = '', initial_query_id, {query_id}) as initial_query_id, "
        f"if({mark} = '', user, {name}) as user, "
        f"if({mark} = '', initial_user, {name}) as initial_user, "
        f"replaceRegexpOne(query, {_OUTFILE}, '') as query, "
        f"mapFilter((k, v) -> k != '{MARK}', Settings) as Settings"
    )
    whose = (
        ""
        if user.admin or table in user.system_tables
        else f" where startsWith({mark}, {quote_string(user.name + '/')})"
    )
    return f"select * replace ({replaced}) from (select * from system.{table}{whose})"


def translate(tree: Tree, user: User, query_id: str, parse: Parse) -> bool:
    """Change a tree in place so that it speaks of clients' query ids and users.

    Returns whether anything changed.
    """
    changed = False
    for node in list(walk(tree)):
        expression = node.get("database_and_table_name")
        if isinstance(expression, dict) and (table := _own_table(expression)):
            alias = expression.get("alias") or table
            text = f"select 1 from ({translated_table(table, user)}) as {alias}"
            element = parse(text.encode())["list_of_selects"]["children"][0]["tables"]["children"][0]
            del node["database_and_table_name"]
            node.update(element["table_expression"])
            changed = True
        elif node.get("type") == "Function" and not _arguments(node):
            name = str(node.get("name", "")).lower()
            value = user.name if name in _USER_FUNCTIONS else query_id if name in _QUERY_ID_FUNCTIONS else None
            if value is not None:
                alias = {"alias": node["alias"]} if node.get("alias") else {}
                node.clear()
                node.update({"type": "Literal", "value": {"field_type": "String", "value": value}, **alias})
                changed = True
    return changed


def _own_table(identifier: Tree) -> str | None:
    parts = [str(part).lower() for part in identifier.get("name_parts") or ()]
    return parts[1] if len(parts) == 2 and parts[0] == "system" and parts[1] in TRANSLATED_TABLES else None


def _arguments(node: Tree) -> list[Any]:
    arguments = node.get("arguments")
    return list(arguments.get("children", ())) if isinstance(arguments, dict) else []


def has_own_definer(tree: Tree) -> bool:
    """Whether a view is to run as whoever creates it, which the engine would take for its own user."""
    return any(node.get("type") == "SQLSecurity" and node.get("is_definer_current_user") for node in walk(tree))


def name_definer(text: bytes, user: User) -> bytes:
    """Put the user's name where a view is created to run as its creator."""
    definer = f"DEFINER = {user.name}".encode()
    stream = list(tokens(text))
    for index, token in enumerate(stream):
        following = stream[index + 1 : index + 3]
        if token.is_word(b"DEFINER") and len(following) == 2 and following[0].text == b"=":
            if following[1].is_word(b"CURRENT_USER"):
                return text[: token.start] + definer + text[following[1].end :]
            return text
    for index, token in enumerate(stream[:-2]):
        if token.is_word(b"SQL") and stream[index + 1].is_word(b"SECURITY") and stream[index + 2].is_word(b"DEFINER"):
            return text[: token.start] + definer + b" " + text[token.start :]
    return text
