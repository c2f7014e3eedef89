"""assets.sync brings files into a running Superset, all or none of them, and keeps ids."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspects.assets.superset_client import SupersetClient
from aspects.assets.sync import sync
from aspects.errors import AspectsError
from aspects.settings import ROOT
from tests.conftest import Commands, Stack


@pytest.fixture
def client(stack: Stack) -> Iterator[SupersetClient]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture
def copy(stack: Stack, tmp_path: Path) -> Iterator[Path]:
    """A copy of our assets to change; what is in force is as before afterwards."""
    yield Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))
    assert sync(stack.settings, stack.secrets, os.environ).errors == ()


def test_what_superset_holds_already_is_not_written_again(stack: Stack) -> None:
    done = stack.inv("assets.sync", "--json")

    assert done.status == 0, done
    assert (done.json["imported"], done.json["unchanged"], done.json["errors"]) == (0, True, [])


def test_a_change_arrives_and_ids_stay(stack: Stack, client: SupersetClient, copy: Path) -> None:
    before = {chart.title: chart.id for chart in client.charts("course-dashboard")}
    chart = copy / "charts/average-grade.yaml"
    chart.write_text(chart.read_text().replace("slice_name: Average grade", "slice_name: Mean grade"))

    result = sync(stack.settings, stack.secrets, os.environ, copy)

    assert (result.errors, result.unchanged) == ((), False)
    after = {chart.title: chart.id for chart in client.charts("course-dashboard")}
    assert after.pop("Mean grade") == before.pop("Average grade")
    assert after == before


def test_assets_that_cannot_be_imported_change_nothing(stack: Stack, client: SupersetClient, copy: Path) -> None:
    titles = [chart.title for chart in client.charts("course-dashboard")]
    chart = copy / "charts/average-grade.yaml"
    chart.write_text(chart.read_text().replace("slice_name: Average grade", "slice_name: Never seen"))
    dashboard = copy / "dashboards/course-dashboard.yaml"
    dashboard.write_text(dashboard.read_text().replace("Instructor", "Nobody"))

    result = sync(stack.settings, stack.secrets, os.environ, copy)

    assert [error.file for error in result.errors] == ["dashboards/course-dashboard.yaml"]
    assert "Nobody" in result.errors[0].message
    assert [chart.title for chart in client.charts("course-dashboard")] == titles


def test_before_the_first_start_the_command_says_what_to_do(inv: Commands) -> None:
    done = inv("assets.sync")

    assert done.status == 1
    assert "./inv dev.up" in done.err


def test_a_template_that_does_not_render_is_told_before_anything_is_sent(stack: Stack, copy: Path) -> None:
    (copy / "databases/aspects.yaml").write_text("uuid: << nothing.at.all >>")

    with pytest.raises(AspectsError) as raised:
        sync(stack.settings, stack.secrets, os.environ, copy)

    assert raised.value.code == "assets.render"
