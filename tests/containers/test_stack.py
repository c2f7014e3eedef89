"""The stack in containers: what it may do, what it shows, and that a change on this machine is live in it."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker import DockerClient

from aspects.assets.superset_client import SupersetClient
from aspects.assets.sync import sync
from aspects.settings import ROOT, Settings
from aspects.stack.compose import project_name, write_told
from aspects.stack.containers import PROJECT, SERVICE
from aspects.warehouse import dbt
from aspects.warehouse.query import query
from tests.conftest import Stack
from tests.integration.courses import Export
from tests.waiting import wait_for


@pytest.fixture
def engine() -> Iterator[DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


@pytest.fixture
def containers(stack: Stack, engine: DockerClient) -> dict[str, Any]:
    """What Docker knows of each service's container."""
    found = engine.containers.list(filters={"label": f"{PROJECT}={project_name(stack.settings)}"})
    return {container.labels[SERVICE]: container for container in found}


@pytest.fixture
def checkout(stack: Stack, tmp_path: Path) -> Iterator[Settings]:
    """The stack's settings over a copy of the repository whose files a test may change."""
    copy = tmp_path / "checkout"
    for name in ("assets", "dbt", "ralph", "services", "vector", "compose.yaml"):
        source = ROOT / name
        shutil.copytree(source, copy / name) if source.is_dir() else shutil.copy(source, copy / name)
    settings = stack.settings.model_copy(update={"root": copy})
    write_told(settings)
    yield settings
    write_told(stack.settings)


def test_every_service_runs_in_a_container_that_is_well(stack: Stack, containers: dict[str, Any]) -> None:
    status = stack.inv("dev.status", "--json", check=True).json
    assert status["state"] == "up"
    assert {service["name"] for service in status["services"]} == set(containers)
    assert {container.attrs["State"]["Health"]["Status"] for container in containers.values()} == {"healthy"}


def test_no_container_is_root_or_may_change_its_image(containers: dict[str, Any]) -> None:
    for name, container in containers.items():
        user = container.exec_run(["python", "-c", "import os; print(os.getuid(), os.getgid())"])
        assert user.output.decode().split() == ["1000", "1000"] if os.getuid() == 0 else str(os.getuid()), name
        assert container.attrs["HostConfig"]["ReadonlyRootfs"], name
        assert container.attrs["HostConfig"]["CapDrop"] == ["ALL"], name
        assert container.exec_run(["python", "-c", "open('/app/x', 'w')"]).exit_code == 1, name


def test_ports_are_published_on_this_machine_alone(containers: dict[str, Any]) -> None:
    for name, container in containers.items():
        for bindings in container.attrs["HostConfig"]["PortBindings"].values():
            assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"], name


def test_no_secret_is_in_an_image(stack: Stack, containers: dict[str, Any], engine: DockerClient) -> None:
    secrets = [value for name, value in stack.secrets.items() if not name.endswith("_USER")]
    for container in containers.values():
        told = json.dumps([container.image.attrs, engine.api.history(container.image.id)])
        assert not [secret for secret in secrets if secret in told]


def test_a_second_start_says_that_it_is_up(stack: Stack) -> None:
    again = stack.inv("dev.up", check=True)
    assert "The stack is up already." in again.out


def test_the_other_engine_does_not_start_over_it(stack: Stack) -> None:
    refused = stack.inv("dev.up", "--engine", "embedded")
    assert refused.status != 0
    assert "engine: docker → embedded" in refused.err


def test_logs_are_those_of_the_containers(stack: Stack) -> None:
    said = stack.inv("dev.logs", "superset", "--lines", "200", check=True).out
    assert "superset │ " in said
    assert "Serving on" in said
    wrong = stack.inv("dev.logs", "supersat")
    assert wrong.status == 2
    assert "There is no service 'supersat'" in wrong.err


def test_a_model_that_changes_here_is_live_with_no_new_image(checkout: Settings, stack: Stack) -> None:
    model = checkout.root / "dbt/models/courses/course_names.sql"
    before = model.read_text()
    model.write_text(f"select * replace ('Renamed' as course_name) from (\n{before})\n")
    names = "select distinct course_name from reporting.course_names"
    try:
        dbt.run(checkout, select=["course_names"])
        assert [tuple(row) for row in query(stack.settings, names).rows] == [("Renamed",)]
    finally:
        model.write_text(before)
        dbt.run(checkout, select=["course_names"])
    assert ("Renamed",) not in [tuple(row) for row in query(stack.settings, names).rows]


def test_a_chart_that_changes_here_is_live_with_no_new_image(checkout: Settings, stack: Stack) -> None:
    chart = next((checkout.root / "assets/charts").glob("current-enrollees*.yaml"))
    before = chart.read_text()
    chart.write_text(before.replace("slice_name: Current enrollees", "slice_name: Enrolled at this moment"))
    assert before != chart.read_text()

    def titles() -> set[str]:
        user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
        with SupersetClient(stack.settings.superset_url, user, password) as client:
            return {one.title for one in client.charts("course-dashboard")}

    try:
        assert sync(checkout, stack.secrets, os.environ).errors == ()
        assert "Enrolled at this moment" in titles()
    finally:
        chart.write_text(before)
        assert sync(checkout, stack.secrets, os.environ).errors == ()
    assert "Current enrollees" in titles()


def test_logs_and_courses_go_through_their_own_images(stack: Stack, tmp_path: Path) -> None:
    log = tmp_path / "tracking.log"
    words = ["--count", "300", "--seed", "77", "--sink", "file", "--as", "tracking-log", "--out", str(log), "--json"]
    stack.inv("data.fake", *words, check=True)
    made = stack.inv("logs.transform", str(log), "--engine", "reference", "--json", check=True).json
    assert made["statements"] > 250
    export = Export(tmp_path, "Contained")
    sunk = stack.inv("courses.sink", str(export.write()), "--json", check=True).json
    assert sunk["written"] == 1, sunk
    sql = f"select course_name from reporting.course_names where course_key = '{export.key}'"
    wait_for([(export.name,)], lambda: [tuple(row) for row in query(stack.settings, sql).rows])
