"""Who sees which rows: the Jinja function of the security rules, and Superset's security manager with what it lacks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flask import current_app, g, session
from superset.errors import ErrorLevel, SupersetError, SupersetErrorType
from superset.exceptions import SupersetSecurityException
from superset.security import SupersetSecurityManager
from superset.security.manager import _RLSFilterRow

from superset_boot.course_access import EVERYTHING, NOTHING, Access, access_of, guest_access
from superset_boot.roles import LOCAL_ONLY, SEE_ALL
from superset_boot.sign_in import INSTRUCTOR, OPERATOR, STUDENT, UNTIL

CLOSED = "1 = 0"


def can_view_courses() -> str:
    """The condition that limits `course_key` and `org` to what the signed-in person may see.

    A function of Superset's Jinja. Whom it is about is never an argument: a person could give another one's name.
    """
    return access_of_current_person().sql()


def access_of_current_person() -> Access:
    """Operators see all, a guest the course of the token, anybody else what the source of access says."""
    from superset import security_manager

    user = g.get("user")
    if security_manager.is_guest_user(user):
        return guest_access(user.rls)
    if user is None or user.is_anonymous:
        return NOTHING
    if security_manager.sees_all(user):
        return EVERYTHING
    return access_of(current_app.config["COURSE_ACCESS"], user.username)


def guest_token_names_a_course(body: dict[str, Any]) -> bool:
    """Superset's GUEST_TOKEN_VALIDATOR_HOOK: whether every rule of the token names a course, and there is one."""
    rules = body.get("rls") or []
    return bool(rules) and all(guest_access([rule]).courses for rule in rules)


class SecurityManager(SupersetSecurityManager):
    """Superset's own, and two holes less: data without a rule, and SQL that a reader brings along."""

    def sees_all(self, user: Any) -> bool:
        """Whether this person is limited by no rule."""
        return bool({role.name for role in self.get_user_roles(user)} & SEE_ALL)

    def set_oauth_session(self, provider: str, oauth_response: dict[str, Any]) -> None:
        """Remember the LMS's token, and when it ends."""
        super().set_oauth_session(provider, oauth_response)
        session[UNTIL] = oauth_response.get("expires_at") or time.time() + 3600

    def get_oauth_user_info(self, provider: str, resp: dict[str, Any]) -> dict[str, Any]:
        """Who signs in, by the LMS's signed token and by nothing else; raises unless it can be trusted.

        Staff of the whole LMS are operators, staff of a course are instructors, anybody else may do nothing.
        """
        claims = current_app.config["LMS_TOKENS"].claims(resp.get("id_token") or resp["access_token"])
        username = str(claims["preferred_username"])
        known = self.find_user(username=username)
        if known is not None and {role.name for role in known.roles} & LOCAL_ONLY:
            raise PermissionError(f"{username} is an account of this server, not of the LMS.")
        if claims.get("superuser") is True or claims.get("administrator") is True:
            role = OPERATOR
        else:
            role = STUDENT if current_app.config["COURSE_ACCESS"].ask(username) == NOTHING else INSTRUCTOR
        first, _, last = str(claims.get("name") or username).partition(" ")
        return {
            "username": username,
            "email": str(claims.get("email") or ""),
            "first_name": first[:64],
            "last_name": last[:64],
            "role_keys": [role],
        }

    def get_rls_filters(self, table: Any) -> list[Any]:
        """The rules of a dataset; one that has none, such as one that was made in Superset, is for operators only."""
        found: list[Any] = super().get_rls_filters(table)
        user = g.get("user")
        if not found and not (user is not None and self.sees_all(user)):
            return [_RLSFilterRow(id=0, group_key=None, clause=CLOSED)]
        return found

    def raise_for_access(self, *arguments: Any, **named: Any) -> None:
        """A person who is limited by rules gets the SQL that is stored, and columns by name: other SQL could look
        past the rules."""
        super().raise_for_access(*arguments, **named)
        context = named.get("query_context")
        if context is None or self.sees_all(g.user):
            return
        known = {column.column_name for column in context.datasource.columns}
        known |= {metric.metric_name for metric in context.datasource.metrics}
        if context.slice_ is not None:
            known |= set(_texts(context.slice_.params_dict)) | set(_texts(context.slice_.query_context))
        for query in context.queries:
            if not set(_brought_along(query)) <= known:
                raise SupersetSecurityException(
                    SupersetError(
                        error_type=SupersetErrorType.DASHBOARD_SECURITY_ACCESS_ERROR,
                        message="The chart may be asked for what it shows, not for other SQL.",
                        level=ErrorLevel.WARNING,
                    )
                )


def _brought_along(query: Any) -> Iterator[str]:
    """All that Superset would take into a query as SQL."""
    for part in (
        query.columns,
        query.metrics,
        query.orderby,
        query.series_columns,
        query.series_limit_metric,
        query.filter,
    ):
        yield from _expressions(part)
    yield from (text for key in ("where", "having") if (text := (query.extras or {}).get(key)))


def _expressions(part: Any) -> Iterator[str]:
    """Strings in lists stand for a column or an expression; in mappings `sqlExpression` does, and a filter's column."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _expressions(each)
    elif isinstance(part, dict):
        if part.get("sqlExpression"):
            yield str(part["sqlExpression"])
        if "col" in part and not isinstance(part["col"], str):
            yield from _expressions(part["col"])


def _texts(value: Any) -> Iterator[str]:
    """Every text in a stored chart, whatever JSON is nested in it as text."""
    from superset.utils import json

    if isinstance(value, str):
        yield value
        if value.startswith(("{", "[")):
            try:
                yield from _texts(json.loads(value))
            except ValueError:
                return
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
