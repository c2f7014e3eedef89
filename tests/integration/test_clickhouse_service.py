"""The embedded ClickHouse is a package of its own, and so are its tests: they run in an environment of theirs."""

from __future__ import annotations

import subprocess

import pytest

from aspects.settings import ROOT
from aspects.stack.environments import holds, make
from tests.conftest import environments

SERVICE = ROOT / "services" / "clickhouse"


@pytest.mark.timeout(300)
def test_the_services_own_tests_pass() -> None:
    lock, environment = SERVICE / "requirements-test.txt", environments() / "clickhouse-tests"
    if not holds(environment, lock):
        make(environment, lock, "the embedded ClickHouse's tests")

    done = subprocess.run(
        [str(environment / "bin" / "python"), "-m", "pytest", "-q"],
        cwd=SERVICE,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
