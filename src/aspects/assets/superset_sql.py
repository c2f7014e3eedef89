"""A dataset's SQL as Superset renders it, without Superset.

The functions and filters are those of `superset/jinja_context.py` in Superset 6.1. A filter that is set has
values of its column's kind, one of them with a quote in it, so that SQL that does not escape fails here.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from jinja2 import DebugUndefined, Template, TemplateError
from jinja2.sandbox import SandboxedEnvironment

FROM = datetime.datetime(2024, 1, 1)  # noqa: DTZ001  # Superset hands over times without a zone
TO = datetime.datetime(2024, 2, 1)  # noqa: DTZ001  # as above
_RANGE_START, _RANGE_END = "from_dttm", "to_dttm"
_TEXTS, _NUMBERS = ("one", "it's two"), (1, 2)


class SqlTemplateError(Exception):
    """SQL whose Jinja does not render. `line` counts from 1, or is 0 when it is not known."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Rendered:
    """One way that a dataset's SQL may come out: which filters were set, and the text."""

    filters: tuple[str, ...]
    sql: str

    @property
    def when(self) -> str:
        return f"with {', '.join(self.filters)} set" if self.filters else "with no filter set"


@dataclass
class _TimeFilter:
    from_expr: str | None
    to_expr: str | None
    time_range: str | None


@dataclass
class _Scenario:
    """What is set in one rendering, and what the SQL has asked for."""

    numbers: frozenset[str]
    chosen: frozenset[str] | None
    asked: set[str] = field(default_factory=set)
    given: Mapping[str, Sequence[Any]] | None = None
    """The values of the filters that are set, where they are not examples."""

    def is_set(self, name: str) -> bool:
        self.asked.add(name)
        return self.chosen is None or name in self.chosen

    def values(self, column: str) -> list[Any]:
        if not self.is_set(column):
            return []
        if self.given is not None:
            return list(self.given[column])
        return list(_NUMBERS if column in self.numbers else _TEXTS)


def renderings(sql: str, columns: Mapping[str, str], macros: Mapping[str, Any] | None = None) -> list[Rendered]:
    """Every different text of a dataset's SQL: with no filter set, each alone, and all.

    `columns` is the engine's type by column name; `macros` are further functions that the deployment
    adds to Superset's Jinja. Raises SqlTemplateError.
    """
    numbers = frozenset(name for name, kind in columns.items() if kind.startswith(("Int", "UInt", "Float", "Decimal")))
    if "{" not in sql:
        return [Rendered((), sql)]
    template = _template(sql)
    every = _Scenario(numbers, None)
    none = _Scenario(numbers, frozenset())
    _render(template, sql, every, macros)
    _render(template, sql, none, macros)
    names = sorted(every.asked | none.asked)
    found: dict[str, Rendered] = {}
    for chosen in _choices(names):
        text = _render(template, sql, _Scenario(numbers, frozenset(chosen)), macros)
        found.setdefault(text, Rendered(chosen, text))
    return list(found.values())


def render_with(sql: str, values: Mapping[str, Sequence[Any]], macros: Mapping[str, Any] | None = None) -> str:
    """A dataset's SQL with these values of the filters by column, and no other filter set. Raises SqlTemplateError."""
    return _render(_template(sql), sql, _Scenario(frozenset(), frozenset(values), given=values), macros)


def _template(sql: str) -> Template:
    try:
        return _JINJA.from_string(sql)
    except TemplateError as error:
        raise SqlTemplateError(str(error.message or error), getattr(error, "lineno", None) or 0) from error


def _choices(names: list[str]) -> Iterator[tuple[str, ...]]:
    yield ()
    yield from ((name,) for name in names)
    yield tuple(names)


def where_in(values: list[Any], mark: str | None = None, default_to_none: bool = False) -> str | None:
    """Values as the right side of SQL's `in`; numbers bare, all else quoted."""
    del mark
    if not values and default_to_none:
        return None
    texts = [
        str(item) if isinstance(item, int | float) else "'" + str(item).replace("'", "''") + "'" for item in values
    ]
    return f"({', '.join(texts)})"


def to_datetime(value: str | None, format: str = "%Y-%m-%d %H:%M:%S") -> datetime.datetime | None:
    return None if value is None else datetime.datetime.strptime(value, format)  # noqa: DTZ007  # as Superset's macro does


_JINJA = SandboxedEnvironment(undefined=DebugUndefined)
_JINJA.filters |= {"where_in": where_in, "to_datetime": to_datetime}


def _render(template: Template, sql: str, scenario: _Scenario, macros: Mapping[str, Any] | None) -> str:
    def filter_values(column: str, default: str | None = None, remove_filter: bool = False) -> list[Any]:
        del remove_filter
        return scenario.values(column) or ([default] if default else [])

    def get_filters(column: str, remove_filter: bool = False) -> list[dict[str, Any]]:
        del remove_filter
        values = scenario.values(column)
        return [{"op": "IN", "col": column, "val": values}] if values else []

    def get_time_filter(
        column: str | None = None,
        default: str | None = None,
        target_type: str | None = None,
        strftime: str | None = None,
        remove_filter: bool = False,
    ) -> _TimeFilter:
        del column, target_type, remove_filter

        def text(name: str, moment: datetime.datetime) -> str | None:
            if not (scenario.is_set(name) or default):
                return None
            return moment.strftime(strftime) if strftime else f"'{moment:%Y-%m-%d %H:%M:%S}'"

        start, end = text(_RANGE_START, FROM), text(_RANGE_END, TO)
        return _TimeFilter(start, end, "2024-01-01 : 2024-02-01" if start or end else "No filter")

    def url_param(param: str, default: str | None = None, **_: Any) -> str | None:
        return default if default is not None else f"value of {param}"

    functions: dict[str, Any] = {
        "filter_values": filter_values,
        "get_filters": get_filters,
        "get_time_filter": get_time_filter,
        "url_param": url_param,
        "cache_key_wrapper": lambda key: key,
        "current_user_id": lambda add_to_cache_keys=True: 1,
        "current_username": lambda add_to_cache_keys=True: "someone",
        "current_user_email": lambda add_to_cache_keys=True: "someone@example.org",
        "current_user_roles": lambda add_to_cache_keys=True: ["Instructor"],
        "current_user_rls_rules": list,
        "can_view_courses": lambda: "(course_key in ('course-v1:O+C+R') or org in ('O'))",
        **(macros or {}),
    }
    request = {
        "columns": [],
        "groupby": [],
        "metrics": [],
        "filter": [],
        "row_limit": 1000,
        "row_offset": 0,
        "table_columns": [],
        "time_column": None,
        "time_grain": None,
        _RANGE_START: FROM.isoformat() if _RANGE_START in sql and scenario.is_set(_RANGE_START) else None,
        _RANGE_END: TO.isoformat() if _RANGE_END in sql and scenario.is_set(_RANGE_END) else None,
    }
    try:
        return template.render(**functions, **request)
    except TemplateError as error:
        raise SqlTemplateError(str(error.message or error), getattr(error, "lineno", None) or 0) from error
    except Exception as error:  # whatever an expression in a template may raise: 1 / 0, None.upper()
        raise SqlTemplateError(f"{type(error).__name__}: {error}", 0) from error
