"""What we take in asset files is what the installed Superset takes: keys and chart types."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest

from aspects.assets import models
from aspects.assets.viz_types import VIZ_TYPES
from aspects.stack.services import read_services, select
from tests.conftest import Stack

SCHEMAS = """
import json, sys
from contextlib import redirect_stdout
with redirect_stdout(sys.stderr):
    from boot import make_app
    with make_app().app_context():
        from superset.charts.schemas import ImportV1ChartSchema as Chart
        from superset.dashboards.schemas import ImportV1DashboardSchema as Dashboard
        from superset.databases.schemas import ImportV1DatabaseSchema as Database
        from superset.datasets.schemas import ImportV1ColumnSchema as Column
        from superset.datasets.schemas import ImportV1DatasetSchema as Dataset
        from superset.datasets.schemas import ImportV1MetricSchema as Metric
        each = (Chart, Column, Dashboard, Database, Dataset, Metric)
        found = {schema.__name__: {k: f.required for k, f in schema().fields.items()} for schema in each}
print(json.dumps(found))
"""
MODELS = {
    "ImportV1DatabaseSchema": models.Database,
    "ImportV1DatasetSchema": models.Dataset,
    "ImportV1ColumnSchema": models.Column,
    "ImportV1MetricSchema": models.Metric,
    "ImportV1ChartSchema": models.Chart,
    "ImportV1DashboardSchema": models.Dashboard,
}
OURS = {"_embedded", "_layout", "_roles", "_security", "_values"}
RENAMED = {"allow_file_upload"}
"""What Superset writes into exports under this name and calls `allow_csv_upload` in its schema."""


@pytest.fixture(scope="module")
def schemas(stack: Stack) -> dict[str, dict[str, bool]]:
    service = select(read_services(stack.settings.root), "superset")
    launch = service.launch(stack.settings, stack.secrets, os.environ)
    done = subprocess.run(
        [launch.command[0], "-c", SCHEMAS],
        cwd=launch.folder,
        env={**launch.environment, "PYTHONPATH": str(launch.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, bool]] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_keys_are_those_of_superset(schemas: dict[str, dict[str, bool]]) -> None:
    for name, model in MODELS.items():
        keys = {field.alias or key for key, field in model.model_fields.items()}
        assert keys - OURS - RENAMED == set(schemas[name]), name


def test_what_superset_requires_we_require(schemas: dict[str, dict[str, bool]]) -> None:
    for name, model in MODELS.items():
        required = {field.alias or key for key, field in model.model_fields.items() if field.is_required()}
        assert {key for key, needed in schemas[name].items() if needed} <= required, name


def test_chart_types_are_those_of_supersets_front_end(stack: Stack) -> None:
    pages = stack.settings.envs / "superset/lib/python3.11/site-packages/superset/static/assets"
    assert pages.is_dir()
    scripts = [path.read_text(errors="replace") for path in pages.glob("*.js")]

    (listed,) = {found for text in scripts for found in re.findall(r'Area="echarts_area",.*?="world_map"', text)}
    types = set(re.findall(r'="([\w-]+)"', listed))
    types |= {found for text in scripts for found in re.findall(r'key:"(deck_[a-z]+)"', text)}

    assert types == VIZ_TYPES
