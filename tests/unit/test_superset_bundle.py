"""What is refused in a bundle of assets before Superset sees it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import yaml

from aspects.settings import ROOT

sys.path.insert(0, str(ROOT / "services" / "superset"))
from superset_boot.bundle import Bundle, read_bundle

ROLES = ("Operator", "Instructor")
DATABASE, DATASET, CHART, DASHBOARD = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2, 3, 4))

FILES = {
    "metadata.yaml": "version: 1.0.0\ntype: assets\n",
    "databases/warehouse.yaml": f"uuid: {DATABASE}\ndatabase_name: Warehouse\nextra: {{}}\n",
    "datasets/warehouse/events.yaml": (
        f"uuid: {DATASET}\ndatabase_uuid: {DATABASE}\ntable_name: events\n_security: own\n"
    ),
    "security/own.yaml": "clause: '1 = 1'\nexempt: [Operator]\n",
    "charts/events.yaml": f"uuid: {CHART}\ndataset_uuid: {DATASET}\nslice_name: Events\n",
    "dashboards/course.yaml": f"""
uuid: {DASHBOARD}
slug: course
_roles: [Instructor]
position:
  CHART-1: {{type: CHART, meta: {{uuid: {CHART}}}}}
metadata:
  native_filter_configuration:
  - {{name: Organization, targets: [{{datasetUuid: {DATASET}}}]}}
""",
}


def write(folder: Path, **changes: str) -> Path:
    """The files above in a folder; a change replaces `old => new` in the file of that kind."""
    for name, text in FILES.items():
        old, _, new = changes.get(name.split("/")[0], "").partition(" => ")
        assert old in text
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace(old, new) if old else text)
    return folder


def read(folder: Path) -> Bundle:
    return read_bundle(folder, ROLES)


def test_a_sound_bundle_is_made_ready_for_superset(tmp_path: Path) -> None:
    bundle = read(write(tmp_path))

    assert bundle.errors == []
    assert bundle.assets == 4
    assert bundle.roles == {DASHBOARD: ["Instructor"]}
    assert bundle.charts == {DASHBOARD: {CHART}}
    dashboard = yaml.safe_load(bundle.contents["dashboards/course.yaml"])
    assert bundle.security["own"].datasets == {DATASET}
    assert "_security" not in bundle.contents["datasets/warehouse/events.yaml"]
    assert "_roles" not in dashboard  # Superset refuses keys that it does not know
    assert dashboard["position"]["CHART-1"]["meta"]["chartId"] == 1


@pytest.mark.parametrize(
    ("kind", "change", "file", "message"),
    [
        ("charts", "uuid => uuid: [", "charts/events.yaml", "Not valid YAML"),
        ("charts", FILES["charts/events.yaml"] + " => - a list", "charts/events.yaml", "no mapping"),
        ("databases", "extra: {} => ", "databases/warehouse.yaml", "`extra` is missing"),
        ("databases", f"uuid: {DATABASE} => ", "databases/warehouse.yaml", "`uuid` is missing"),
        ("datasets", f"uuid: {DATASET} => uuid: {DATABASE}", "datasets/warehouse/events.yaml", "already that of"),
        ("datasets", f": {DATABASE} => : {CHART}", "datasets/warehouse/events.yaml", "in no file of databases/"),
        ("charts", f": {DATASET} => : {DATABASE}", "charts/events.yaml", "in no file of datasets/"),
        ("dashboards", f"uuid: {CHART} => uuid: {DATASET}", "dashboards/course.yaml", "in no file of charts/"),
        ("dashboards", f"Uuid: {DATASET} => Uuid: {CHART}", "dashboards/course.yaml", "filter Organization"),
        ("dashboards", "[Instructor] => [Teacher]", "dashboards/course.yaml", "role Teacher does not exist"),
        ("dashboards", "[Instructor] => Instructor", "dashboards/course.yaml", "not a list"),
        ("datasets", "_security: own => _security: mine", "datasets/warehouse/events.yaml", "no file of security/"),
        ("security", "1 = 1 =>  ", "security/own.yaml", "`clause` is missing"),
        ("security", "[Operator] => [Boss]", "security/own.yaml", "role Boss does not exist"),
    ],
)
def test_a_mistake_is_refused_and_its_file_named(
    tmp_path: Path, kind: str, change: str, file: str, message: str
) -> None:
    errors = read(write(tmp_path, **{kind: change})).errors

    assert [error.message for error in errors if error.file == file and re.search(re.escape(message), error.message)]


def test_two_datasets_of_one_name_are_refused(tmp_path: Path) -> None:
    write(tmp_path)
    twin = FILES["datasets/warehouse/events.yaml"].replace(DATASET, DATASET.replace("0002", "0009"))
    (tmp_path / "datasets" / "warehouse" / "twin.yaml").write_text(twin)

    [error] = read(tmp_path).errors

    assert error.file == "datasets/warehouse/twin.yaml"
    assert error.message == "`table_name` events is already that of datasets/warehouse/events.yaml."


def test_a_bundle_without_metadata_is_refused(tmp_path: Path) -> None:
    (write(tmp_path) / "metadata.yaml").unlink()

    assert [error.file for error in read(tmp_path).errors] == ["metadata.yaml"]


def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    first = read(write(tmp_path / "one")).digest

    assert read(write(tmp_path / "two")).digest == first
    assert read(write(tmp_path / "three", charts="Events => Events a day")).digest != first
