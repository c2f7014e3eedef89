"""The full stack: Superset on Postgres and Redis, with workers that answer charts and take pictures of dashboards."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from aspects.assets.browser import open_browser
from aspects.assets.superset_client import SupersetClient
from aspects.stack.compose import project_name
from aspects.stack.containers import PROJECT, SERVICE
from aspects.stack.secrets import load_secrets
from tests.conftest import Stack, new_commands
from tests.containers.bases import for_the_full_stack


@pytest.fixture(scope="module")
def full() -> Iterator[Stack]:
    """A full stack of its own, with the demo course."""
    state = Path(tempfile.mkdtemp(prefix="aspects-"))
    commands = new_commands(state)
    commands.environment.update(for_the_full_stack())
    try:
        up = commands("dev.up", "--demo", "--json", timeout=900)
        assert up.status == 0, up
        settings = commands.settings()
        yield Stack(commands, settings, load_secrets(settings), Path(up.json["truth"]))
    finally:
        commands("dev.reset", "--yes")
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture
def containers(full: Stack) -> Iterator[dict[str, Any]]:
    client = docker.from_env()
    found = client.containers.list(filters={"label": f"{PROJECT}={project_name(full.settings)}"})
    yield {container.labels[SERVICE]: container for container in found}
    client.close()


@pytest.fixture
def superset(full: Stack) -> Iterator[SupersetClient]:
    user, password = full.secrets["SUPERSET_ADMIN_USER"], full.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(full.settings.superset_url, user, password) as client:
        yield client


def test_every_part_is_well(full: Stack, containers: dict[str, Any]) -> None:
    status = full.inv("dev.status", "--json", check=True).json
    assert status["state"] == "up", status
    assert {"postgres", "redis", "superset", "superset_worker", "superset_beat"} <= set(containers)


def test_supersets_own_database_is_postgres_and_nothing_reaches_it_from_outside(containers: dict[str, Any]) -> None:
    ask = ["psql", "--username=superset", "--tuples-only", "--command=select count(*) from dashboards", "superset"]
    answer = containers["postgres"].exec_run(
        ask, environment={"PGHOST": "127.0.0.1", "PGPASSWORD": _password(containers)}
    )
    assert int(answer.output.decode()) >= 9
    assert not containers["postgres"].attrs["HostConfig"]["PortBindings"]
    assert not containers["redis"].attrs["HostConfig"]["PortBindings"]
    files = containers["superset"].exec_run(["ls", "/data"]).output.decode()
    assert "superset.db" not in files


def test_charts_are_answered_by_the_worker(full: Stack, containers: dict[str, Any], chromium: str) -> None:
    user, password = full.secrets["SUPERSET_ADMIN_USER"], full.secrets["SUPERSET_ADMIN_PASSWORD"]
    before = _done_by_workers(containers)
    with open_browser(full.settings.superset_url, user, password, chromium) as browser:
        page = browser.dashboard("course-dashboard")
    assert page.failures == []
    assert _done_by_workers(containers) > before


def test_a_report_takes_a_picture_of_a_dashboard(superset: SupersetClient) -> None:
    dashboard = next(one for one in superset.dashboards() if one.slug == "course-dashboard")
    made = superset.post(
        "report/",
        {
            "type": "Report",
            "name": "Each minute",
            "crontab": "* * * * *",
            "dashboard": dashboard.id,
            "report_format": "PNG",
            "working_timeout": 300,
            "recipients": [{"type": "Email", "recipient_config_json": {"target": "dean@example.org"}}],
        },
    )
    until = time.monotonic() + 300
    states: list[str] = []
    while "Success" not in states and "Error" not in states and time.monotonic() < until:
        time.sleep(3)
        logs = superset.get(f"report/{made['id']}/log/")["result"]
        states = [str(log["state"]) for log in logs]
    assert "Success" in states, logs


def _password(containers: dict[str, Any]) -> str:
    told = dict(pair.split("=", 1) for pair in containers["postgres"].attrs["Config"]["Env"])
    return str(told["POSTGRES_PASSWORD"])


def _done_by_workers(containers: dict[str, Any]) -> int:
    """How many commands Redis has carried out for queues."""
    told = containers["redis"].exec_run(["redis-cli", "info", "commandstats"]).output.decode()
    line = next((line for line in told.splitlines() if line.startswith("cmdstat_lpush:")), "calls=0,")
    return int(line.partition("calls=")[2].partition(",")[0])
