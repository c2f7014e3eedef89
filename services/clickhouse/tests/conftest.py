"""A real server process for the tests: on a free port, in a folder of its own, stopped afterwards."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import pytest
import requests
from clickhouse_connect.driver.client import Client

SERVICE = Path(__file__).parent.parent
USERS = ("admin", "lrs", "sink", "dbt", "report", "usage", "retention", "privacy")


def password(user: str) -> str:
    return f"{user}-p'ass"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Answer:
    status: int
    text: str
    data: bytes
    headers: Any


class RunningServer:
    """A server and the simplest client of it."""

    def __init__(self, folder: Path, options: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self.log = folder / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def launch(self) -> subprocess.Popen[bytes]:
        self.folder.mkdir(parents=True, exist_ok=True)
        passwords = {f"CLICKHOUSE_{user.upper()}_PASSWORD": password(user) for user in USERS}
        with self.log.open("ab") as log:
            return subprocess.Popen(
                self.command(), cwd=SERVICE, env={**os.environ, **passwords}, stdout=log, stderr=log
            )

    def command(self) -> list[str]:
        command = [sys.executable, "-m", "embedded_clickhouse", "--path", str(self.folder / "database")]
        return [*command, "--port", str(self.port), "--users", str(SERVICE / "users.yaml"), *self.options]

    def start(self) -> "RunningServer":
        self.process = self.launch()
        for _ in range(300):
            try:
                if requests.get(f"http://127.0.0.1:{self.port}/ping", timeout=5).ok:
                    return self
            except requests.ConnectionError:
                if self.process.poll() is not None:
                    break
            time.sleep(0.1)
        raise AssertionError(f"The server did not start:\n{self.log.read_text()}")

    def stop(self, sign: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(sign)
        return self.process.wait(30)

    def ask(
        self, query: str | bytes = "", user: str = "admin", data: Any = None, headers: Any = None, **url: Any
    ) -> Answer:
        """POST `query` as the body, or `data` with the query in the URL."""
        if data is not None:
            url, query = {"query": query, **url}, data
        if isinstance(query, str):
            query = query.encode()
        answer = requests.post(
            f"http://127.0.0.1:{self.port}/",
            params=url,
            data=query,
            headers={"X-ClickHouse-User": user, "X-ClickHouse-Key": password(user), **(headers or {})},
            timeout=60,
        )
        return Answer(answer.status_code, answer.content.decode("utf-8", "replace"), answer.content, answer.headers)

    def run(self, query: str | bytes, user: str = "admin", **others: Any) -> str:
        """Like `ask`, for what has to succeed."""
        answer = self.ask(query, user, **others)
        assert answer.status == 200, answer.text
        return answer.text

    def wait_for(self, query: str, answer: str) -> None:
        """Ask until the answer is this one."""
        for _ in range(200):
            if self.run(query) == answer:
                return
            time.sleep(0.05)
        raise AssertionError(f"{query} never answered {answer!r}")

    def client(self, user: str = "admin", **settings: Any) -> Client:
        return clickhouse_connect.get_client(
            host="127.0.0.1", port=self.port, username=user, password=password(user), **settings
        )

    def memory(self) -> int:
        """Resident memory in bytes."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests that leave it as it was but for tables of their own."""
    running = RunningServer(tmp_path_factory.mktemp("clickhouse")).start()
    for database in ("xapi", "event_sink", "reporting"):
        running.run(f"create database {database}")
    yield running
    running.stop()


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Starts servers that a test may break."""
    started: list[RunningServer] = []

    def start(*options: str, folder: Path = tmp_path / "clickhouse") -> RunningServer:
        running = RunningServer(folder, options)
        started.append(running)
        return running.start()

    yield start
    for running in started:
        if running.process is not None and running.process.poll() is None:
            running.stop(signal.SIGKILL)


_numbers = iter(range(1_000_000))


@pytest.fixture
def table(server: RunningServer) -> Iterator[str]:
    """The name of a table in xapi that the test may create."""
    name = f"xapi.t{next(_numbers)}"
    yield name
    server.run(f"drop table if exists {name} sync")
