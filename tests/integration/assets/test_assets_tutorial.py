"""The tutorial's files, put where it says, make the chart that it promises."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspects.assets.check import check
from aspects.assets.engine import Engine
from aspects.assets.render import variables
from aspects.assets.rules.registry import RULES
from aspects.assets.superset_client import Filter, SupersetClient
from aspects.assets.sync import sync
from aspects.settings import ROOT
from tests.conftest import Stack

TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
TITLE = "On which days do learners study?"
DASHBOARD = "dashboards/course-dashboard.yaml"


@pytest.fixture
def followed(tmp_path: Path) -> Path:
    """A copy of our assets after steps 3 to 6."""
    folder = Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))
    blocks = re.findall(r"`assets/([\w/.-]+)`[^`]*?\n\n```\w+\n(.*?)```", TUTORIAL, flags=re.S)
    files = dict(blocks)
    assert set(files) == {
        "queries/active_weekdays.sql",
        "datasets/aspects/active_weekdays.yaml",
        "charts/active-weekdays.yaml",
    }
    for name, text in files.items():
        assert not (folder / name).exists(), name
        (folder / name).write_text(text)
    (row,) = re.findall(r"before `metadata:`\n\n```yaml\n(.*?)```", TUTORIAL, flags=re.S)
    dashboard = folder / DASHBOARD
    dashboard.write_text(dashboard.read_text().replace("\nmetadata:\n", f"\n{row}metadata:\n"))
    return folder


@pytest.fixture
def client(stack: Stack) -> Iterator[SupersetClient]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture
def engine(stack: Stack) -> Iterator[Engine]:
    engine = Engine.of(stack.settings, stack.secrets["CLICKHOUSE_REPORT_PASSWORD"])
    yield engine
    engine.close()


def test_the_check_finds_the_mistake_that_the_tutorial_makes(stack: Stack, engine: Engine, followed: Path) -> None:
    values = variables(stack.settings, stack.secrets)
    before = check(followed, values, engine, ignore=["T004"])
    chart = followed / "charts/active-weekdays.yaml"
    chart.write_text(chart.read_text().replace("x_axis: weekday", "x_axis: weekdays"))

    after = check(followed, values, engine, ignore=["T004"])

    assert before.findings == []
    shown = [f"{each.file}:{each.line}: {each.rule} {each.message}" for each in after.findings]
    assert shown[0] in TUTORIAL
    page = RULES[after.findings[0].rule].page
    assert f"{after.findings[0].fix} ({page})" in TUTORIAL


def test_the_chart_is_on_the_dashboard_and_follows_its_filters(
    stack: Stack, client: SupersetClient, followed: Path
) -> None:
    try:
        assert sync(stack.settings, stack.secrets, os.environ, followed).errors == ()
        (chart,) = [each for each in client.charts("course-dashboard") if each.title == TITLE]
        rows = client.data(chart).rows
        nobody = client.data(chart, [Filter("org", "IN", ["Nobody"])]).rows
    finally:
        assert sync(stack.settings, stack.secrets, os.environ).errors == ()
    (dataset,) = client.get("dataset/", q="(filters:!((col:table_name,opr:eq,value:active_weekdays)))")["result"]
    client.delete(f"chart/{chart.id}")
    client.delete(f"dataset/{dataset['id']}")

    assert [row["weekday"] for row in rows] == sorted(row["weekday"] for row in rows)
    assert rows[0]["weekday"] == "1 Monday"
    assert nobody == []
