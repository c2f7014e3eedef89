"""assets.check as a whole: what it mends, what it is told to look at, and what it cannot look at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.check import check
from aspects.assets.rules.registry import RULES
from aspects.assets.source import load_assets
from aspects.errors import AspectsError
from aspects.settings import ROOT
from tests.unit.sound_assets import CHART, DASHBOARD, DATASET, FILTERS, VALUES, WRONG_REQUEST, put, remove, sound, write

OURS = {
    "settings": {"host": "localhost", "clickhouse_port": 1, "pii": False, "lms_url": "x"},
    "secrets": {"CLICKHOUSE_REPORT_PASSWORD": "x"},
}
"""Values for the repository's own assets."""


def test_fix_mends_what_is_safe_and_says_so(tmp_path: Path) -> None:
    documents = sound()
    for change in (
        put(CHART, "params", "datasource", value="12__table"),
        put(CHART, "query_context", value=WRONG_REQUEST),
        put(DATASET, "schema", value=None),
        put(DASHBOARD, "metadata", "color_scheme_domain", value=["#fff"]),
        put(DASHBOARD, *FILTERS, "scope", value={"excluded": ["gone", "by-mode", "also-gone"]}),
        put(DATASET, "sql", value="SQL_HERE"),
    ):
        change(documents)
    write(tmp_path, documents)
    dataset = tmp_path / DATASET
    dataset.write_text("# By hand.\n" + dataset.read_text().replace("SQL_HERE", '<< query("all") >>'))
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/all.sql").write_text("select org, course_key\nfrom reporting.enrollments\n")

    report = check(tmp_path, VALUES, fix=True)

    assert report.findings == []
    assert sorted(each.edit.says for each in report.mended if each.edit) == [
        "removed 'also-gone' from excluded",
        "removed 'gone' from excluded",
        "removed metadata.color_scheme_domain",
        "removed params.datasource",
        "removed query_context, which is derived from params",
        "removed reporting.",
        "wrote schema: reporting",
    ]
    assert (tmp_path / "queries/all.sql").read_text() == "select org, course_key\nfrom enrollments\n"
    assert dataset.read_text().startswith("# By hand.\n")
    assert yaml.safe_load((tmp_path / DASHBOARD).read_text())["metadata"]["native_filter_configuration"][0][
        "scope"
    ] == {"excluded": ["by-mode"]}


def test_fix_leaves_sound_files_and_other_findings_alone(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    write(tmp_path, documents)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}

    report = check(tmp_path, VALUES, fix=True)

    assert ([each.rule for each in report.findings], report.mended) == (["T001"], [])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")} == before


def test_select_and_ignore_take_codes_and_beginnings_of_codes(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    put(CHART, "params", "x_axis", value="mod")(documents)
    write(tmp_path, documents)

    def rules(**chosen: list[str]) -> list[str]:
        return [each.rule for each in check(tmp_path, VALUES, **chosen).findings]

    assert rules() == ["T001", "C001"] or rules() == ["C001", "T001"]
    assert rules(select=["T"]) == ["T001"]
    assert rules(ignore=["T001"]) == ["C001"]
    assert rules(select=["C", "T"], ignore=["c001"]) == ["T001"]
    with pytest.raises(AspectsError, match="X1"):
        rules(select=["X1"])


def test_an_unpacked_export_is_checked_too(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    write(tmp_path / "dashboard_export_20260101", documents)

    report = check(tmp_path, VALUES)

    assert (report.assets, [each.rule for each in report.findings]) == (5, ["T001"])


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_assets_is_an_error(folder: str, tmp_path: Path) -> None:
    with pytest.raises(AspectsError) as raised:
        check(tmp_path / folder, {})

    assert raised.value.code == "assets.folder"


def test_without_an_engine_the_rules_about_sql_are_skipped_and_named(tmp_path: Path) -> None:
    report = check(write(tmp_path, sound()), VALUES)

    assert report.skipped == sorted(code for code, rule in RULES.items() if rule.family == "sql")


def test_our_assets_are_sound() -> None:
    # What has no translation yet is shown in English; assets.translate --check is for catalogues.
    report = check(ROOT / "assets", OURS, ignore=["T004"])

    assert report.findings == []
    assert load_assets(ROOT / "assets", OURS).items


def colour_key(dataset: dict[str, Any], metric: str) -> str:
    """The name by which Superset looks a metric's colour up: of all columns and metrics with its title the last one,
    for they come to the page in the order of the alphabet."""
    named = [(one["metric_name"], one) for one in dataset["metrics"]]
    named += [(one["column_name"], one) for one in dataset["columns"]]
    titles = {name: one.get("verbose_name") or name for name, one in named}
    return max(name for name, title in titles.items() if title == titles[metric])


def test_the_series_of_a_chart_have_colours_of_their_own() -> None:
    """Superset gives a series the colour that its name got in another chart, so two of one chart may get the same."""
    assets = load_assets(ROOT / "assets", OURS)
    charts, datasets = assets.charts_by_stem(), assets.by_uuid("datasets")
    looked_at = 0
    for dashboard in assets.of("dashboards"):
        colours = dashboard.data["metadata"].get("label_colors", {})
        for name in re.findall(r"'chart': '([^']+)'", str(dashboard.data["_layout"])):
            chart = charts[name].data
            series = [*(chart["params"].get("metrics") or []), *(chart["params"].get("metrics_b") or [])]
            if len(series) > 1 and "timeseries" in chart["viz_type"]:
                keys = [colour_key(datasets[chart["dataset_uuid"]].data, one) for one in series]
                assert len({colours.get(key) for key in keys} - {None}) == len(keys), (dashboard.file, name, keys)
                looked_at += 1
    assert looked_at > 20
