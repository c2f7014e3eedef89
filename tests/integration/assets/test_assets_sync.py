"""assets.sync brings files into a running Superset, all or none of them, and keeps ids."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from aspects.assets.superset_client import EVERYTHING, SupersetClient
from aspects.assets.sync import sync
from aspects.assets.translate import uuid_in
from aspects.errors import AspectsError
from aspects.settings import ROOT
from tests.conftest import Commands, Stack

COURSE = "71726dab-c025-5cc9-b236-bd7f0e2a3972"


@pytest.fixture
def client(stack: Stack) -> Iterator[SupersetClient]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture
def unsent(tmp_path: Path) -> Path:
    """A copy of our assets to change, of which nothing is brought into Superset."""
    return Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))


@pytest.fixture
def copy(stack: Stack, unsent: Path) -> Iterator[Path]:
    """A copy of our assets to change; what is in force is as before afterwards."""
    yield unsent
    assert sync(stack.settings, stack.secrets, os.environ).errors == ()


def test_what_superset_holds_already_is_not_written_again(stack: Stack) -> None:
    done = stack.inv("assets.sync", "--json")

    assert done.status == 0, done
    assert (done.json["imported"], done.json["unchanged"], done.json["errors"]) == (0, True, [])


def test_a_change_arrives_and_ids_favourites_owners_and_links_stay(
    stack: Stack, client: SupersetClient, copy: Path
) -> None:
    before = {chart.title: chart.id for chart in client.charts("course-dashboard")}
    number = before.pop("Average grade")
    client.post(f"chart/{number}/favorites/", {})
    dashboard = client.dashboard("course-dashboard").id
    link = client.post(f"dashboard/{dashboard}/permalink", {"dataMask": {}, "activeTabs": []})
    owners = [owner["id"] for owner in client.get(f"chart/{number}")["result"]["owners"]]
    chart = copy / "charts/average-grade.yaml"
    chart.write_text(chart.read_text().replace("slice_name: Average grade", "slice_name: Mean grade"))

    result = sync(stack.settings, stack.secrets, os.environ, copy)

    assert (result.errors, result.unchanged) == ((), False)
    changed = [(each.kind, each.name) for each in result.changes if each.action == "update"]
    assert sorted(changed) == [("charts", "Mean grade"), ("dashboards", "Course Dashboard")]
    after = {chart.title: chart.id for chart in client.charts("course-dashboard")}
    assert after.pop("Mean grade") == number
    assert after == before
    (entry,) = [each for each in client.get("chart/", q=EVERYTHING)["result"] if each["id"] == number]
    when = datetime.fromisoformat(entry["changed_on_utc"])
    assert abs(datetime.now(UTC) - when) < timedelta(minutes=20), "in UTC, whatever the time zone of the machine"
    assert client.get("chart/favorite_status/", q=f"!({number})")["result"] == [{"id": number, "value": True}]
    assert [owner["id"] for owner in client.get(f"chart/{number}")["result"]["owners"]] == owners
    assert client.get(f"dashboard/permalink/{link['key']}")["dashboardId"] == COURSE


def test_a_dry_run_has_the_plan_and_changes_nothing(stack: Stack, client: SupersetClient, unsent: Path) -> None:
    chart = unsent / "charts/average-grade.yaml"
    text = chart.read_text()
    chart.write_text(text.replace("slice_name: Average grade", "slice_name: Mean grade"))
    new = text.replace("slice_name: Average grade", "slice_name: New one")
    new = new.replace(yaml.safe_load(text)["uuid"], "6f3c0c83-0000-4000-8000-000000000001")
    (unsent / "charts/new-one.yaml").write_text(new)

    plan = sync(stack.settings, stack.secrets, os.environ, unsent, dry_run=True)

    found = {(each.name, each.action) for each in plan.changes if each.action != "unchanged"}
    assert found >= {("Mean grade", "update"), ("New one", "create")}
    assert plan.count("unchanged") > 20
    titles = [each.title for each in client.charts("course-dashboard")]
    assert "Average grade" in titles
    again = sync(stack.settings, stack.secrets, os.environ)
    assert (again.imported, again.unchanged) == (0, True), "the dry run left something behind"


def test_a_retired_asset_and_its_translations_are_removed(stack: Stack, client: SupersetClient, copy: Path) -> None:
    uuid = "6f3c0c83-0000-4000-8000-000000000002"
    text = (copy / "charts/average-grade.yaml").read_text()
    number = yaml.safe_load(text)["uuid"]
    for locale, identity in (("", uuid), ("es", uuid_in(uuid, "es"))):
        named = text.replace("slice_name: Average grade", f"slice_name: Old {locale}").replace(number, identity)
        (copy / f"charts/old{locale}.yaml").write_text(named)
    assert sync(stack.settings, stack.secrets, os.environ, copy).errors == ()
    for path in copy.glob("charts/old*.yaml"):
        path.unlink()
    entry = {"kind": "charts", "uuid": uuid, "name": "Old", "since": date(2026, 1, 1), "reason": "Nobody read it."}
    used = yaml.safe_load((copy / "datasets/aspects/grades.yaml").read_text())["uuid"]
    (copy / "retired.yaml").write_text(
        yaml.safe_dump([entry, {**entry, "kind": "datasets", "uuid": used, "name": "grades"}])
    )

    result = sync(stack.settings, stack.secrets, os.environ, copy)

    done = {(each.name, each.action) for each in result.changes if each.action in ("remove", "kept")}
    assert done == {("Old", "remove"), ("Old es", "remove"), ("grades", "kept")}
    names = [each["slice_name"] for each in client.get("chart/", q=EVERYTHING)["result"]]
    assert not [name for name in names if name.startswith("Old")]


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


def test_a_template_that_does_not_render_is_told_before_anything_is_sent(stack: Stack, unsent: Path) -> None:
    (unsent / "databases/aspects.yaml").write_text("uuid: << nothing.at.all >>")

    with pytest.raises(AspectsError) as raised:
        sync(stack.settings, stack.secrets, os.environ, unsent)

    assert raised.value.code == "assets.render"
