"""What datasets may read: the models of a dbt project and the tables that others write beside them.

Read from the project's own files, so that drift is found where neither dbt nor an engine is at hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Table:
    """A table or view that dashboards may read.

    `columns` is what each documented column counts (`meta.counts`, such as `units`), or "" where nothing is said;
    it is empty for a table without documentation.
    """

    name: str
    columns: Mapping[str, str] = field(default_factory=dict)


def project_of(assets: Path, root: Path) -> Path:
    """The dbt project that belongs to a folder of assets: the one beside it, else the repository's."""
    beside = assets.parent / "dbt"
    return beside if (beside / "dbt_project.yml").is_file() else root / "dbt"


def read_tables(project: Path, schema: str = "reporting") -> dict[str, Table]:
    """Models, seeds and sources of `schema` by name. A file that cannot be read says nothing here: dbt reports it."""
    tables = {path.stem: Table(path.stem) for path in (project / "models").rglob("*.sql")}
    tables |= {path.stem: Table(path.stem) for path in (project / "seeds").rglob("*.csv")}
    documented = [path for folder in ("models", "seeds") for path in (project / folder).rglob("*.y*ml")]
    for path in sorted(documented):
        for entry in _entries(path, schema):
            name, model_only = str(entry.get("name")), entry.get("is_model")
            if model_only and name not in tables:
                continue  # words about a model whose file is gone
            columns = {str(one.get("name")): _counts(one) for one in _mappings(entry.get("columns"))}
            tables[name] = Table(name, columns)
    return tables


def _entries(path: Path, schema: str) -> list[dict[str, Any]]:
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506  # a safe loader
    except (OSError, ValueError, yaml.YAMLError):
        return []
    if not isinstance(document, dict):
        return []
    models = [{**one, "is_model": True} for key in ("models", "seeds") for one in _mappings(document.get(key))]
    sources = [one for one in _mappings(document.get("sources")) if one.get("schema", one.get("name")) == schema]
    return [*models, *(table for source in sources for table in _mappings(source.get("tables")))]


def _mappings(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _counts(column: dict[str, Any]) -> str:
    config = column.get("config") if isinstance(column.get("config"), dict) else {}
    meta = column.get("meta") or (config or {}).get("meta")
    return str(meta.get("counts", "")) if isinstance(meta, dict) else ""
