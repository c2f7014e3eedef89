"""What dbt knows of its project: the models, what each is made of, and what is said and tested about it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TABLES = ("rollup", "kept", "refreshed")
"""Materializations that store rows; the others are views."""


@dataclass(frozen=True)
class Model:
    """One model. `parents` are the unique ids of the models and sources that its SQL names.

    `sql` is compiled SQL where dbt compiled it, else empty; `text` is the SQL of the file. `tests` has the names of
    the generic tests with their arguments, for the model itself (column "") and for its columns.
    """

    identity: str
    name: str
    file: str
    materialized: str
    description: str
    columns: dict[str, str]
    parents: tuple[str, ...]
    text: str
    sql: str
    config: dict[str, Any]
    tests: tuple[tuple[str, str, dict[str, Any]], ...]
    unit_tests: tuple[str, ...]

    @property
    def is_table(self) -> bool:
        return self.materialized in TABLES

    @property
    def table(self) -> str:
        return f"reporting.{self.name}"

    def fingerprint(self, login: str = "") -> str:
        """What is stored as the comment of a table or view: it changes when the rows or their shape would.

        The macro `rollup_fingerprint` makes that of tables. A view may hold the `login` that it reads with, and how it
        is made is said in its file.
        """
        form = (
            ("engine", "order_by", "partition_by", "table_settings") if self.is_table else ("sql_security", "definer")
        )
        more = [] if self.is_table else [self.text, login]
        text = "\n".join([" ".join(self.sql.split()), *(str(self.config.get(name)) for name in form), *more])
        return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Source:
    """A table that others write. `table` is `database.table` as the engine knows it."""

    identity: str
    name: str
    table: str
    file: str
    description: str
    columns: dict[str, str]


@dataclass(frozen=True)
class Project:
    """The models and sources by their unique ids, each after those that it is made of.

    `exposed` are the ids of those that an exposure says are read from outside.
    """

    models: dict[str, Model]
    sources: dict[str, Source]
    exposed: frozenset[str] = frozenset()

    def table(self, identity: str) -> str:
        """`database.table` of a model or a source."""
        model = self.models.get(identity)
        return model.table if model else self.sources[identity].table


def read_manifest(file: Path) -> Project:
    """The project in dbt's `manifest.json`."""
    manifest = json.loads(file.read_text(encoding="utf-8"))
    tests: dict[str, list[tuple[str, str, dict[str, Any]]]] = {}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "test" and node.get("test_metadata"):
            said = (node["test_metadata"]["name"], node.get("column_name") or "", node["test_metadata"]["kwargs"])
            tests.setdefault(str(node.get("attached_node")), []).append(said)
    unit_tests: dict[str, list[str]] = {}
    for node in manifest["unit_tests"].values():
        unit_tests.setdefault(node["model"], []).append(node["name"])
    models = {
        identity: _model(node, tests.get(identity, []), unit_tests.get(node["name"], []))
        for identity, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    sources = {
        identity: Source(
            identity=identity,
            name=node["name"],
            table=f"{node['schema']}.{node['identifier']}",
            file=f"dbt/{node['original_file_path']}",
            description=node["description"],
            columns={name: column["description"] for name, column in node["columns"].items()},
        )
        for identity, node in manifest["sources"].items()
    }
    exposed = frozenset(one for node in manifest["exposures"].values() for one in node["depends_on"]["nodes"])
    return Project(_in_order(models), sources, exposed)


def _model(node: dict[str, Any], tests: list[tuple[str, str, dict[str, Any]]], unit_tests: list[str]) -> Model:
    return Model(
        identity=node["unique_id"],
        name=node["name"],
        file=f"dbt/{node['original_file_path']}",
        materialized=node["config"]["materialized"],
        description=node["description"],
        columns={name: column["description"] for name, column in node["columns"].items()},
        parents=tuple(dict.fromkeys(node["depends_on"]["nodes"])),
        text=node["raw_code"],
        sql=node.get("compiled_code") or "",
        config=node["config"],
        tests=tuple(tests),
        unit_tests=tuple(unit_tests),
    )


def _in_order(models: dict[str, Model]) -> dict[str, Model]:
    ordered: dict[str, Model] = {}

    def add(model: Model) -> None:
        for parent in sorted(model.parents):
            if parent in models and parent not in ordered:
                add(models[parent])
        ordered[model.identity] = model

    for identity in sorted(models):
        if identity not in ordered:
            add(models[identity])
    return ordered
