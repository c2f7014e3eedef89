"""A small folder of assets with nothing wrong, and ways to break it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from aspects.settings import ROOT

Documents = dict[str, dict[str, Any]]
VALUES = {"host": "here", "settings": {}}
DBT = """
models:
- name: visits
  columns: [{name: org}, {name: course_key}, {name: visited, meta: {counts: sequences}}]
- name: totals
  columns: [{name: course_key}, {name: pages, config: {meta: {counts: units}}}]
"""
UUID = "11111111-0000-4000-8000-00000000000{}".format
MISSING = "99999999-0000-4000-8000-000000000000"


def sound() -> Documents:
    """A small folder of assets with nothing wrong."""
    return {
        "databases/warehouse.yaml": {
            "version": "1.0.0",
            "uuid": UUID(1),
            "database_name": "Warehouse",
            "sqlalchemy_uri": "clickhousedb://report@<< host >>/reporting",
            "extra": {},
        },
        "security/own-courses.yaml": {
            "version": "1.0.0",
            "uuid": UUID(5),
            "description": "Courses of one's own.",
            "clause": "{{ can_view_courses() }}",
        },
        "datasets/warehouse/enrollments.yaml": {
            "version": "1.0.0",
            "uuid": UUID(2),
            "database_uuid": UUID(1),
            "table_name": "enrollments",
            "schema": "reporting",
            "_security": "own-courses",
            "description": "Enrollments.",
            "sql": "select org, course_key, actor_id, enrollment_mode as mode from enrollments",
            "columns": [
                {"column_name": name, "verbose_name": name.title(), "type": "String"}
                for name in ("org", "course_key", "actor_id", "mode")
            ],
            "metrics": [{"metric_name": "learners", "verbose_name": "Learners", "expression": "uniqExact(actor_id)"}],
        },
        "charts/by-mode.yaml": {
            "version": "1.0.0",
            "uuid": UUID(3),
            "dataset_uuid": UUID(2),
            "slice_name": "Learners by mode",
            "description": "Learners by mode.",
            "viz_type": "echarts_timeseries_bar",
            "params": {"x_axis": "mode", "metrics": ["learners"], "groupby": ["org"], "y_axis_title": "Learners"},
        },
        "dashboards/course.yaml": {
            "version": "1.0.0",
            "uuid": UUID(4),
            "dashboard_title": "Course",
            "slug": "course",
            "description": "How is the course doing?",
            "_roles": ["Instructor"],
            "_layout": [{"row": [{"chart": "by-mode", "width": 12, "height": 40}]}],
            "metadata": {
                "native_filter_configuration": [
                    {
                        "id": "NATIVE_FILTER-org",
                        "name": "Organization",
                        "filterType": "filter_select",
                        "targets": [{"column": {"name": "org"}, "datasetUuid": UUID(2)}],
                    }
                ]
            },
        },
    }


def write(folder: Path, documents: Documents) -> Path:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def write_dbt(folder: Path) -> None:
    """A dbt project beside the assets, with the repository's models and two more."""
    (folder / "dbt/models").mkdir(parents=True)
    (folder / "dbt/dbt_project.yml").write_text("name: here\n")
    (folder / "dbt/models/_models.yml").write_text(DBT)
    for name in ("visits", "totals"):
        (folder / f"dbt/models/{name}.sql").write_text("select 1\n")
    shutil.copytree(ROOT / "dbt/models/enrollment", folder / "dbt/models/enrollment")


DATABASE, RULE = "databases/warehouse.yaml", "security/own-courses.yaml"
DATASET, CHART, DASHBOARD = "datasets/warehouse/enrollments.yaml", "charts/by-mode.yaml", "dashboards/course.yaml"


def put(file: str, *path: str | int, value: Any) -> Callable[[Documents], None]:
    """A change: the value at a path of a file."""

    def change(documents: Documents) -> None:
        place: Any = documents[file]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def remove(file: str, key: str) -> Callable[[Documents], None]:
    return lambda documents: documents[file].pop(key)


def twin(file: str, name: str, **changes: Any) -> Callable[[Documents], None]:
    """A change: a second file like the first, with a uuid of its own."""

    def change(documents: Documents) -> None:
        documents[name] = {**json.loads(json.dumps(documents[file])), "uuid": UUID(9), **changes}

    return change


FILTERS = ("metadata", "native_filter_configuration", 0)
WRONG_REQUEST = json.dumps({"queries": [{"metrics": ["count"], "columns": []}]})
