"""A warehouse of its own for the tests of `aspects.warehouse`: the embedded server, migrated and built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from clickhouse_connect.driver.client import Client

from aspects.settings import ROOT, Settings, load
from aspects.stack import environments
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_service
from aspects.warehouse import dbt
from aspects.warehouse.client import connect
from aspects.warehouse.migrate import migrate
from tests.conftest import free_port


@dataclass(frozen=True)
class Warehouse:
    """A running ClickHouse and the settings that lead to it."""

    settings: Settings

    def client(self, user: str = "admin") -> Client:
        return connect(self.settings, user=user)

    def rows(self, statement: str, user: str = "report") -> list[tuple[object, ...]]:
        client = self.client(user)
        try:
            return [tuple(row) for row in client.query(statement).result_rows]
        finally:
            client.close()


def start_clickhouse(settings: Settings) -> subprocess.Popen[bytes]:
    """The embedded server, healthy, with what `dev.up` would give it."""
    service = read_service(ROOT / "services" / "clickhouse" / "service.yaml")
    if not environments.is_installed(service, settings):
        environments.install(service, settings)
    settings.service_state("clickhouse").mkdir(parents=True, exist_ok=True)
    launch = service.launch(settings, load_secrets(settings), os.environ)
    process = subprocess.Popen(launch.command, cwd=launch.folder, env=launch.environment)
    for _ in range(300):
        try:
            if httpx.get(settings.clickhouse_url + service.health).status_code == 200:
                return process
        except httpx.TransportError:
            assert process.poll() is None, "ClickHouse ended as it was started"
        time.sleep(0.1)
    process.kill()
    raise AssertionError("ClickHouse did not become healthy")


@pytest.fixture(scope="session")
def empty_clickhouse() -> Iterator[Settings]:
    """The settings of a ClickHouse that has no table of ours yet."""
    state = Path(tempfile.mkdtemp(prefix="aspects-"))
    settings = load(
        state=state,
        environments=os.environ.get("ASPECTS_ENVIRONMENTS", ROOT / ".aspects" / "envs"),
        clickhouse_port=free_port(),
        clickhouse_binary="",
    )
    process = start_clickhouse(settings)
    try:
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=60)
        shutil.rmtree(state, ignore_errors=True)


@pytest.fixture(scope="session")
def warehouse(empty_clickhouse: Settings) -> Warehouse:
    """A warehouse with every table and no statement."""
    service = read_service(ROOT / "dbt" / "service.yaml")
    if not environments.is_installed(service, empty_clickhouse):
        environments.install(service, empty_clickhouse)
    migrate(empty_clickhouse)
    dbt.run(empty_clickhouse)
    return Warehouse(empty_clickhouse)
