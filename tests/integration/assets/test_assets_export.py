"""Dashboards of a running Superset become files, with what was edited there and nothing else; strays and costs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.superset_client import SupersetClient
from aspects.settings import ROOT
from tests.conftest import Stack


@pytest.fixture
def client(stack: Stack) -> Iterator[SupersetClient]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture
def copy(stack: Stack, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))


def files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_round_trip_without_an_edit_changes_nothing(stack: Stack, copy: Path) -> None:
    before = files(copy)

    done = stack.inv("assets.export", "--folder", str(copy), "--json", check=True)

    assert (done.json["files"], done.json["notes"]) == ([], [])
    assert files(copy) == before


def test_edits_in_superset_are_what_the_files_gain(
    stack: Stack, client: SupersetClient, copy: Path, tmp_path: Path
) -> None:
    before = files(copy)
    chart = client.charts("course-dashboard")[0]
    answer = client.get(f"chart/{chart.id}")["result"]
    params = json.loads(answer["params"])
    dataset = int(params["datasource"].partition("__")[0])
    sql = client.get(f"dataset/{dataset}")["result"]["sql"]
    headers = client._form_headers()
    try:
        edits: list[tuple[str, dict[str, Any]]] = [
            (f"chart/{chart.id}", {"description": "Edited in Superset."}),
            (f"dataset/{dataset}", {"sql": f"{sql}\n-- edited in Superset"}),
        ]
        for path, body in edits:
            client._request("PUT", path, json=body, headers=headers)
        content, _ = client.export("course-dashboard")
        (tmp_path / "export.zip").write_bytes(content)

        asked = stack.inv("assets.import-zip", str(tmp_path / "export.zip"), "--folder", str(copy), "--json")
        unchanged = files(copy)
        stack.inv("assets.export", "course-dashboard", "--folder", str(copy), check=True)
        exported = files(copy)
        again = stack.inv("assets.import-zip", str(tmp_path / "export.zip"), "--folder", str(copy), "--json")
    finally:
        stack.inv("assets.sync", "--force", check=True)

    assert (asked.status, asked.json["written"], unchanged) == (1, False, before)
    assert any("SQL CHANGED: 1 lines new" in note for note in asked.json["notes"])
    changed = {name for name in exported if exported[name] != before.get(name)}
    assert len(changed) == 2
    (yaml_file,) = {name for name in changed if name.startswith("charts/")}
    (query_file,) = {name for name in changed if name.startswith("queries/")}
    assert yaml.safe_load(exported[yaml_file])["description"] == "Edited in Superset."
    assert exported[query_file] == before[query_file].rstrip("\n") + "\n-- edited in Superset\n"
    assert again.json["files"] == []


def test_strays_are_listed_and_removed_when_that_is_meant(stack: Stack, client: SupersetClient) -> None:
    dataset = client.get("dataset/", q="(page:0,page_size:1)")["result"][0]["id"]
    body = {"slice_name": "By hand", "viz_type": "table", "datasource_id": dataset, "datasource_type": "table"}
    client.post("chart/", {**body, "params": "{}"})

    listed = stack.inv("assets.prune", "--json", check=True)
    removed = stack.inv("assets.prune", "--yes", "--json", check=True)
    left = stack.inv("assets.prune", "--json", check=True)

    assert "By hand" in [each["name"] for each in listed.json["found"]]
    assert listed.json["removed"] == 0
    assert removed.json["removed"] == len(listed.json["found"])
    assert left.json == {"found": [], "removed": 0}


def test_perf_lists_every_chart_with_the_slowest_first(stack: Stack, client: SupersetClient) -> None:
    done = stack.inv("assets.perf", "--dashboard", "course-dashboard", "--json", check=True)
    above = stack.inv("assets.perf", "--dashboard", "in-context-video", "--budget", "0.000001", "--json")

    charts = done.json["charts"]
    assert {each["chart"] for each in charts} == {chart.title for chart in client.charts("course-dashboard")}
    seconds = [each["seconds"] for each in charts]
    assert seconds == sorted(seconds, reverse=True)
    known = [each for each in charts if each["read_rows"] is not None]
    assert known, "no chart's query was found in the engine's log"
    assert all(each["memory_bytes"] > 0 for each in known)
    assert above.status == 1
