"""Fixtures for every test: a running stack of its own, on free ports, in a temporary folder."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from aspects.assets.browser import find_browser
from aspects.errors import AspectsError
from aspects.settings import ROOT, Settings, load, load_recorded
from aspects.stack.secrets import load_secrets
from tests.containers.bases import for_containers

ENGINE = os.environ.get("TEST_ENGINE", "embedded")
"""What runs the stack of the tests: `embedded` or `docker`."""
SERVICES_WITH_PORT = ("CLICKHOUSE", "RALPH", "SUPERSET")
TIME_ZONES = ["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Marquesas"]


def worker_number() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def pytest_configure(config: pytest.Config) -> None:
    """A number that depends on the machine's time zone is wrong somewhere: each process has another zone, and each
    seed others. The settings of whoever runs the tests are not theirs, but for where environments are kept."""
    seed = config.getoption("randomly_seed")
    chosen = seed if isinstance(seed, int) else random.randrange(len(TIME_ZONES))
    os.environ["TZ"] = TIME_ZONES[(chosen + worker_number()) % len(TIME_ZONES)]
    for name in [name for name in os.environ if name.startswith("ASPECTS_") and name != "ASPECTS_ENVIRONMENTS"]:
        del os.environ[name]
    # A process of pytest-xdist ignores Ctrl-C, and so would the commands that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    return f"TZ={os.environ['TZ']}"


FOLDERS_FIRST = ("browser", "assets", "integration")
"""What takes longest begins first, so that at the end small tests are left for every process."""


@cache
def shares_the_warehouse(file: Path) -> bool:
    """Whether a file's tests use the warehouse that is made once for all of them, at the cost of a long file."""
    return bool(re.search(r"import .*\bWarehouse\b", file.read_text()))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests stay in the order of the seed within their folder."""
    items.sort(
        key=lambda item: [
            not shares_the_warehouse(item.path),
            *(folder not in item.path.parts for folder in FOLDERS_FIRST),
        ]
    )


class ByFile(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """A file's tests run in one process, and so do all that share the warehouse, and all that open a browser: two at
    a time take more than a small machine has. A stack is made once a process, so its tests go to any. (pytest-xdist's
    own groups do not work with pytest 9.2: they rename tests in a way that it does not notice.)"""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        if shares_the_warehouse(ROOT / file):
            return "warehouse"
        return "browser" if "browser" in file.parts else str(file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile:
    return ByFile(config, log)


@dataclass(frozen=True)
class Finished:
    """What a command printed and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Commands:
    """Runs `./inv` as a person would, on a stack of its own."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def __call__(self, *words: str, timeout: float = 300, check: bool = False, **environment: str) -> Finished:
        done = subprocess.run(
            [str(ROOT / "inv"), *words],
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        finished = Finished(done.returncode, done.stdout, done.stderr)
        if check:
            assert finished.status == 0, finished
        return finished

    def settings(self) -> Settings:
        """The settings of this stack."""
        names = (
            "state",
            "environments",
            "clickhouse_port",
            "ralph_port",
            "superset_port",
            "embed_origins",
            "tracking_logs",
        )
        return load(**{name: self.environment.get(f"ASPECTS_{name.upper()}", "") for name in names})


@dataclass(frozen=True)
class Stack:
    """A running stack with the demo course in it."""

    inv: Commands
    settings: Settings
    secrets: dict[str, str]
    truth: Path
    """The ground truth that the generator wrote for the demo course."""


def free_port() -> int:
    """A port that nobody listens on, below those that the system gives to outgoing connections: a connection of
    somebody else would take it before the service does. Each process of a run has a range of its own."""
    first = 20_000 + 2_000 * (worker_number() + (4 if ENGINE == "docker" else 0))
    while True:
        port = random.randrange(first, first + 2_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def environments() -> Path:
    """Where the services' environments are kept for all tests, as they are costly."""
    return Path(os.environ.get("ASPECTS_ENVIRONMENTS", ROOT / ".aspects" / "envs"))


def new_commands(state: Path) -> Commands:
    """Commands for a stack that does not exist yet."""
    ports = {f"ASPECTS_{name}_PORT": str(free_port()) for name in SERVICES_WITH_PORT}
    sites = {"ASPECTS_EMBED_ORIGINS": f"http://127.0.0.1:{free_port()}"}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASPECTS_")}
    environments = os.environ.get("ASPECTS_ENVIRONMENTS", str(ROOT / ".aspects" / "envs"))
    own = {"ASPECTS_STATE": str(state), "ASPECTS_ENVIRONMENTS": environments}
    return Commands({**kept, **own, **ports, **sites, **(for_containers() if ENGINE == "docker" else {})})


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; without one these tests are skipped."""
    try:
        return find_browser()
    except AspectsError as error:
        pytest.skip(f"{error.message} {error.why}")


@pytest.fixture
def state() -> Iterator[Path]:
    """A state folder with a short path: sockets cannot have long ones."""
    folder = Path(tempfile.mkdtemp(prefix="aspects-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(autouse=ENGINE == "docker")
def readable(tmp_path: Path) -> None:
    """A container runs as another user than root, and pytest's folders are for root alone."""
    tmp_path.chmod(0o755)


@pytest.fixture
def inv(state: Path) -> Iterator[Commands]:
    """`./inv` on a stack that is not up; whatever a test starts is stopped after it."""
    commands = new_commands(state)
    yield commands
    commands("dev.down")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """One stack with the demo course for the whole run; tests may add to it, and must not stop it.

    TEST_STACK_STATE names the state folder of a stack that is up already, to spare its start while one works on
    a test.
    """
    running = os.environ.get("TEST_STACK_STATE")
    state = Path(running or tempfile.mkdtemp(prefix="aspects-"))
    commands = new_commands(state)
    commands.environment["ASPECTS_TRACKING_LOGS"] = str(state / "tracking" / "*.log")
    if running:
        commands.environment.update(
            {f"ASPECTS_{name}_PORT": str(load_recorded(state).port(name.lower())) for name in SERVICES_WITH_PORT}
        )
        commands.environment["ASPECTS_EMBED_ORIGINS"] = load_recorded(state).embed_origins
    try:
        up = commands("dev.up", "--demo", "--json", timeout=900)
        assert up.status == 0, up
        settings = commands.settings()
        yield Stack(commands, settings, load_secrets(settings), Path(up.json["truth"]))
    finally:
        if not running:
            commands("dev.reset", "--yes")
            shutil.rmtree(state, ignore_errors=True)
