"""Assets become the bundle that Superset imports."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.render import render_bundle
from aspects.errors import AspectsError
from aspects.settings import ROOT, Settings

SECRETS = {"CLICKHOUSE_REPORT_PASSWORD": "p@ss/wörd: 1"}
DATABASE = """
version: 1.0.0
uuid: 11111111-0000-4000-8000-000000000001
database_name: Warehouse
sqlalchemy_uri: clickhousedb://report:<< secrets.CLICKHOUSE_REPORT_PASSWORD | url >>@<< settings.host >>/reporting
extra: {}
"""
DATASET = """
version: 1.0.0
uuid: 11111111-0000-4000-8000-000000000002
database_uuid: 11111111-0000-4000-8000-000000000001
table_name: learners
schema: reporting
description: Learners.
sql: << query("learners") >>
columns: []
metrics: []
"""
ONLY_ORG = "{% if filter_values('org') %} and org in {{ filter_values('org') | where_in }} {% endif %}"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(state=tmp_path / "state")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    files = {
        "databases/warehouse.yaml": DATABASE,
        "datasets/warehouse/learners.yaml": DATASET,
        "queries/learners.sql": ('-- all of them\nselect 1 as "one"\nwhere\n    true\n    -- % include "only_org"\n'),
        "queries/only_org.sql": f"{ONLY_ORG}\n",
    }
    for name, text in files.items():
        path = tmp_path / "assets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "assets"


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_supersets_own_jinja_passes_through(settings: Settings, source: Path, tmp_path: Path) -> None:
    bundle = render_bundle(settings, SECRETS, tmp_path / "bundle", source)

    sql = read(bundle.folder / "datasets/warehouse/learners.yaml")["sql"]
    assert sql.startswith('-- all of them\nselect 1 as "one"\nwhere\n    true\n')
    assert ONLY_ORG in sql
    assert bundle.counts == {"databases": 1, "datasets": 1}


def test_a_password_with_special_characters_stays_one_part_of_the_address(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    from urllib.parse import unquote, urlsplit

    bundle = render_bundle(settings, SECRETS, tmp_path / "bundle", source)

    address = urlsplit(read(bundle.folder / "databases/warehouse.yaml")["sqlalchemy_uri"])
    assert unquote(address.password or "") == SECRETS["CLICKHOUSE_REPORT_PASSWORD"]
    assert address.hostname == settings.host


def test_the_bundle_is_for_its_owners_eyes_only(settings: Settings, source: Path, tmp_path: Path) -> None:
    bundle = render_bundle(settings, SECRETS, tmp_path / "bundle", source)

    for path in [bundle.folder, *bundle.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_setting_that_does_not_exist_is_named_with_its_place(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    target = render_bundle(settings, SECRETS, tmp_path / "bundle", source).folder
    file = source / "databases/warehouse.yaml"
    file.write_text(DATABASE.replace("settings.host", "settings.hots"))

    with pytest.raises(AspectsError) as raised:
        render_bundle(settings, SECRETS, target, source)

    assert raised.value.code == "assets.render"
    assert "databases/warehouse.yaml:5" in raised.value.why
    assert "hots" in raised.value.why
    assert read(target / "databases/warehouse.yaml")["database_name"] == "Warehouse", "the old bundle stays"


def test_a_chart_that_was_removed_leaves_the_bundle(settings: Settings, source: Path, tmp_path: Path) -> None:
    target = render_bundle(settings, SECRETS, tmp_path / "bundle", source).folder
    (source / "datasets/warehouse/learners.yaml").unlink()

    render_bundle(settings, SECRETS, target, source)

    assert not (target / "datasets").exists()


def test_our_charts_carry_their_request_and_our_dashboards_their_grid(settings: Settings, tmp_path: Path) -> None:
    secrets = dict.fromkeys(("CLICKHOUSE_REPORT_PASSWORD", "SUPERSET_ADMIN_USER"), "x")
    bundle = render_bundle(settings, secrets, tmp_path / "bundle", ROOT / "assets")

    charts = [read(path) for path in (bundle.folder / "charts").glob("*.yaml")]
    assert charts
    for chart in charts:
        assert json.loads(chart["query_context"])["queries"], chart["slice_name"]
    for path in (bundle.folder / "dashboards").glob("*.yaml"):
        dashboard = read(path)
        placed = {
            node["meta"]["uuid"] for node in dashboard["position"].values() if "meta" in node and "uuid" in node["meta"]
        }
        assert placed <= {chart["uuid"] for chart in charts}
        assert "_layout" not in dashboard


def test_a_folder_that_cannot_be_written_is_an_error_that_says_so(
    settings: Settings, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(AspectsError) as raised:
        render_bundle(settings, SECRETS, tmp_path / "file" / "bundle", source)

    assert raised.value.code == "assets.store"


def test_nothing_is_left_beside_the_bundle(settings: Settings, source: Path, tmp_path: Path) -> None:
    for _ in range(2):
        render_bundle(settings, SECRETS, tmp_path / "state" / "bundle", source)

    assert [path.name for path in (tmp_path / "state").iterdir()] == ["bundle"]
