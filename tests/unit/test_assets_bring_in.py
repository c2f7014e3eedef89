"""What Superset holds comes into the files: the edit and nothing else."""

from __future__ import annotations

import copy
import difflib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.bring_in import Asset, BroughtIn, bring_in
from aspects.assets.query_source import put_back
from aspects.assets.render import expanded
from aspects.assets.source import Assets, Templates, load_assets
from aspects.assets.translate import uuid_in
from aspects.errors import AspectsError
from aspects.settings import ROOT

VALUES = {
    "settings": {"host": "localhost", "clickhouse_port": 8123, "lms_url": "http://lms", "pii": False},
    "secrets": {"CLICKHOUSE_REPORT_PASSWORD": "x"},
}
DASHBOARD, CHART, DATASET = (
    "dashboards/course-dashboard.yaml",
    "charts/average-grade.yaml",
    "datasets/aspects/grades.yaml",
)
Documents = dict[str, dict[str, Any]]


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """A dashboard with what it needs, to change."""
    found = load_assets(Path(shutil.copytree(ROOT / "tests/data/assets", tmp_path / "assets")), VALUES)
    assert found.findings == []
    return found


@pytest.fixture
def ours() -> Assets:
    """All of the project's."""
    return load_assets(ROOT / "assets", VALUES)


def exported(assets: Assets) -> Documents:
    """What Superset would export: numbers of its own, every key written out, columns in any order."""
    documents = {}
    for item in assets.items:
        if item.kind not in ("databases", "datasets", "charts", "dashboards"):
            continue
        document = copy.deepcopy({k: v for k, v in expanded(item, assets).items() if not k.startswith("_")})
        if item.kind == "charts":
            document["params"] |= {"datasource": "7__table", "annotation_layers": [], "slice_id": 3}
            document |= {"cache_timeout": None, "certified_by": None}
        if item.kind == "datasets":
            document["columns"] = [{"is_active": True, "extra": None, **one} for one in reversed(document["columns"])]
        if item.kind == "dashboards":
            document["metadata"] |= {"shared_label_colors": ["a"], "color_scheme_domain": ["#fff"]}
        documents[item.file] = document
    return documents


def brought(assets: Assets, documents: Documents, roles: tuple[str, ...] | None = None) -> BroughtIn:
    found = [
        Asset(file.split("/")[0], document, roles if file == DASHBOARD else None)
        for file, document in documents.items()
    ]
    return bring_in(assets, Templates(assets.folder, VALUES), found)


def diff(result: BroughtIn) -> list[str]:
    lines: list[str] = []
    for change in result.files:
        pair = (change.before or "").splitlines(), change.after.splitlines()
        lines += [line for line in difflib.ndiff(*pair) if line[0] in "+-"]
    return lines


def test_what_is_the_same_changes_no_file(ours: Assets) -> None:
    result = brought(ours, exported(ours))

    assert (diff(result), result.notes) == ([], [])


def at(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["columns"] + document["metrics"] if name in one.values())


@pytest.mark.parametrize(
    ("file", "edit", "changed", "note"),
    [
        (
            CHART,
            lambda d: d.update(slice_name="Mean grade"),
            ["- slice_name: Average grade", "+ slice_name: Mean grade"],
            "slice_name: Average grade → Mean grade",
        ),
        (
            CHART,
            lambda d: d["params"].update(y_axis_format=".2%"),
            ["-   y_axis_format: .1%", "+   y_axis_format: .2%"],
            "params.y_axis_format: .1% → .2%",
        ),
        (
            CHART,
            lambda d: d.update(dataset_uuid="3aa56f18-b190-5079-9d10-499ed771e5ef"),
            None,
            "DATASET SWAPPED: grades → enrollments",
        ),
        (DATASET, lambda d: at(d, "state").update(verbose_name="Result"), None, "column state: verbose_name"),
        (DATASET, lambda d: d["columns"].remove(at(d, "state")), None, "COLUMN LOST: state"),
        (DATASET, lambda d: d["metrics"].append({"metric_name": "n", "expression": "count()"}), None, "metric new: n"),
        (
            DASHBOARD,
            lambda d: d["metadata"]["native_filter_configuration"].pop(2),
            None,
            "FILTER GONE: Course run",
        ),
        (
            DASHBOARD,
            lambda d: d["position"]["CHART-average-grade"]["meta"].update(height=30),
            None,
            "layout changed",
        ),
    ],
)
def test_an_edit_changes_its_own_lines(
    assets: Assets, file: str, edit: Callable[[dict[str, Any]], None], changed: list[str] | None, note: str
) -> None:
    documents = exported(assets)
    edit(documents[file])

    result = brought(assets, documents)

    assert [each.file for each in result.files] == [file]
    assert any(note in each for each in result.notes), result.notes
    if changed is not None:
        assert diff(result) == changed
    assert len(diff(result)) <= 8
    result.write(assets.folder)
    again = load_assets(assets.folder, VALUES)
    assert brought(again, documents).files == [], "a second time changes nothing"


def test_a_chart_that_is_taken_off_the_dashboard(assets: Assets) -> None:
    documents = exported(assets)
    position = documents[DASHBOARD]["position"]
    del position["CHART-average-grade"]
    position["ROW"]["children"].remove("CHART-average-grade")

    result = brought(assets, documents)

    assert f"{DASHBOARD}: CHART GONE from it: average-grade" in result.notes
    assert "average-grade, width" not in result.files[0].after
    assert (assets.folder / CHART).exists()


def test_roles_that_are_dropped_are_told(assets: Assets) -> None:
    result = brought(assets, exported(assets), roles=("Operator",))

    assert result.notes == [f"{DASHBOARD}: ROLE DROPPED: Instructor"]
    assert diff(result) == ["- _roles: [Instructor, Operator]", "+ _roles: [Operator]"]


def test_sql_that_was_edited_goes_back_into_its_query(assets: Assets) -> None:
    documents = exported(assets)
    dataset = "datasets/aspects/active_learners.yaml"
    sql = documents[dataset]["sql"]
    documents[dataset]["sql"] = sql.replace("course_run, day, actor_id", "course_run, day, actor_id, 1 as one")

    result = brought(assets, documents)

    assert [each.file for each in result.files] == ["queries/active_learners.sql"]
    gone, new = diff(result)[0], diff(result)[-1 if "?" not in diff(result)[-1] else -2]
    assert gone.startswith("- select org")
    assert new.endswith("1 as one")
    assert '-- % include "course_filters"' in result.files[0].after
    assert any("SQL CHANGED: 1 lines new, 1 lines gone" in note for note in result.notes)


def test_new_assets_get_names_of_ours(assets: Assets) -> None:
    dataset = {
        "version": "1.0.0",
        "uuid": "22222222-0000-4000-8000-000000000001",
        "database_uuid": "840bbb75-b8a6-53f5-9eae-ac51e4c93cfb",
        "table_name": "My Table",
        "schema": "reporting",
        "sql": "select org from courses",
        "columns": [{"column_name": "org", "type": "String", "is_active": True}],
        "metrics": [],
    }
    chart = {
        "version": "1.0.0",
        "uuid": "22222222-0000-4000-8000-000000000002",
        "dataset_uuid": dataset["uuid"],
        "slice_name": "Average grade",
        "viz_type": "table",
        "params": {"all_columns": ["org"], "query_mode": "raw", "slice_id": 4, "matrixify_mode_rows": "disabled"},
    }

    result = brought(assets, {"datasets/x.yaml": dataset, "charts/y.yaml": chart})
    result.write(assets.folder)

    new = {each.file: each.after for each in result.files}
    assert set(new) == {"queries/my_table.sql", "datasets/aspects/my_table.yaml", "charts/average-grade-2.yaml"}
    assert new["queries/my_table.sql"] == "select org from courses\n"
    assert yaml.safe_load(new["datasets/aspects/my_table.yaml"])["sql"] == '<< query("my_table") >>'
    assert yaml.safe_load(new["charts/average-grade-2.yaml"])["params"] == {"all_columns": ["org"], "query_mode": "raw"}
    assert load_assets(assets.folder, VALUES).findings == []


def test_copies_in_other_languages_get_no_files(assets: Assets) -> None:
    chart = exported(assets)[CHART]
    copied = {**chart, "uuid": uuid_in(chart["uuid"], "es"), "slice_name": "Nota media"}

    result = brought(assets, {"charts/x.yaml": copied})

    assert result.files == []
    assert result.notes == [f"{CHART}: its copy in es is left out: edit locale/es.po"]


def test_an_address_and_its_password_stay_out(assets: Assets) -> None:
    documents = exported(assets)
    documents["databases/aspects.yaml"]["sqlalchemy_uri"] = "clickhousedb://root:hidden@prod.example:8123/reporting"
    other = {
        **documents["databases/aspects.yaml"],
        "uuid": "22222222-0000-4000-8000-000000000003",
        "database_name": "B",
    }

    result = brought(assets, {**documents, "databases/b.yaml": other})

    assert [each.file for each in result.files] == ["databases/b.yaml"]
    assert "hidden" not in result.files[0].after
    assert "prod.example" not in result.files[0].after
    assert "<< settings.host >>" in result.files[0].after


@pytest.mark.parametrize("text", ["<< secrets.SUPERSET_SECRET_KEY >>", "<% for x in y %>", "-- % include 'x'"])
def test_text_that_our_templates_would_read_is_refused(assets: Assets, text: str) -> None:
    documents = exported(assets)
    documents[CHART]["description"] = text

    with pytest.raises(AspectsError) as raised:
        brought(assets, documents)

    assert raised.value.code == "assets.template"


def test_every_query_of_ours_is_put_back_as_it_is_written(ours: Assets) -> None:
    templates = Templates(ours.folder, VALUES)
    for item in ours.of("datasets"):
        for name in item.queries:
            text = (ours.folder / f"queries/{name}.sql").read_text()
            sql = str(item.data["sql"])
            changed = sql.replace("select", "select 1 as added_here,", 1)
            after = put_back(text, templates.part, sql, changed)
            assert put_back(text, templates.part, sql, sql) == text, name
            # A file whose templates depend on each other is replaced as a whole.
            assert after.count("-- % include") in (text.count("-- % include"), 0), name
            assert "added_here" in after
