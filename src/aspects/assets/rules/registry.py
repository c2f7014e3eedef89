"""What a rule is, and the list of all rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aspects.assets.dbt_tables import Table
from aspects.assets.engine import Engine
from aspects.assets.engine_types import plain_type
from aspects.assets.findings import Edit, Findings
from aspects.assets.layout import LayoutError
from aspects.assets.models import Dashboard, Dataset
from aspects.assets.render import expanded_dashboard
from aspects.assets.source import Assets, Item
from aspects.assets.superset_sql import Rendered, renderings


@dataclass
class Context:
    """What a rule looks at. `engine` is None when no engine runs; rules that need one are then skipped. `tables` are
    those that dbt has."""

    assets: Assets
    engine: Engine | None = None
    findings: Findings = field(default_factory=Findings)
    layout_errors: dict[str, LayoutError] = field(default_factory=dict)
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    macros: Mapping[str, Any] = field(default_factory=dict)
    tables: dict[str, Table] = field(default_factory=dict)
    _texts: dict[str, list[Rendered]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item, _ in self.assets.dashboards():
            try:
                self.dashboards[item.file] = expanded_dashboard(item.data, self.assets)
            except LayoutError as error:
                self.layout_errors[item.file] = error

    def expanded(self) -> list[tuple[Item, Dashboard, dict[str, Any]]]:
        """Dashboards whose layout could be written out."""
        found = self.assets.dashboards()
        return [(item, model, self.dashboards[item.file]) for item, model in found if item.file in self.dashboards]

    def dataset_of(self, uuid: object) -> Dataset | None:
        item = self.assets.by_uuid("datasets").get(str(uuid).lower())
        return item.model if item is not None and isinstance(item.model, Dataset) else None

    def texts(self, item: Item, dataset: Dataset) -> list[Rendered]:
        """A dataset's SQL with no filter set, with each alone, and with all. Raises SqlTemplateError."""
        if item.file not in self._texts:
            name = ".".join(f"`{part}`" for part in (dataset.table_schema, dataset.table_name) if part)
            sql = dataset.sql or f"select * from {name}"  # noqa: S608  # quoted, and only ever described
            types = {column.column_name: plain_type(column.type or "") for column in dataset.columns}
            self._texts[item.file] = renderings(sql, types, self.macros)
        return self._texts[item.file]

    def report(
        self,
        rule: str,
        item: Item,
        path: tuple[str | int, ...],
        message: str,
        fix: str,
        edit: Edit | None = None,
    ) -> None:
        self.findings.report(rule, item.file, item.line(*path), message, fix, edit)


@dataclass(frozen=True)
class Rule:
    """A rule by its stable code. Some are found while files are read; those have no `check`."""

    code: str
    family: str
    says: str
    check: Callable[[Context], None] | None = None
    needs_engine: bool = False

    def together(self) -> list[str]:
        """The codes that this rule's check may report: its family's."""
        return [each.code for each in RULES.values() if each.family == self.family]

    @property
    def page(self) -> str:
        """Where the documentation explains the rule."""
        return f"docs/rules/{self.family}.md#{self.code.lower()}"


RULES: dict[str, Rule] = {}


def declare(code: str, family: str, says: str) -> None:
    """A rule whose findings come from reading the files, or from the check of another rule."""
    if code in RULES:
        raise ValueError(f"two rules are called {code}")
    RULES[code] = Rule(code, family, says)


def rule(
    code: str, family: str, says: str, needs_engine: bool = False
) -> Callable[[Callable[[Context], None]], Callable[[Context], None]]:
    """Declare a rule and the function that reports it."""

    def add(function: Callable[[Context], None]) -> Callable[[Context], None]:
        if code in RULES:
            raise ValueError(f"two rules are called {code}")
        RULES[code] = Rule(code, family, says, function, needs_engine)
        return function

    return add
