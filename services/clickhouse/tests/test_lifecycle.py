"""Starting, stopping, being killed, and running out of disk."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import SERVICE, RunningServer

Start = Callable[..., RunningServer]


def test_kill_9_loses_no_acknowledged_insert(own_server: Start) -> None:
    server = own_server()
    server.run("create table t (a UInt32) engine = MergeTree order by a")
    acknowledged: list[int] = []

    def insert(start: int) -> None:
        for number in range(start, start + 1000):
            try:
                settings = {"async_insert": number % 2}
                if server.ask("insert into t format CSV", data=f"{number}\n", **settings).status == 200:
                    acknowledged.append(number)
            except OSError:
                return

    threads = [threading.Thread(target=insert, args=(start,)) for start in (0, 10_000, 20_000)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 60:
        time.sleep(0.01)
    server.stop(signal.SIGKILL)
    for thread in threads:
        thread.join()
    server.start()
    stored = {int(line) for line in server.run("select a from t").split()}
    assert set(acknowledged) <= stored


def test_sigterm_lets_a_running_insert_finish(own_server: Start) -> None:
    server = own_server()
    server.run("create table t (a UInt32) engine = MergeTree order by a")
    answers = []
    insert = "insert into t select number from numbers(3) where sleepEachRow(0.5) = 0"
    thread = threading.Thread(target=lambda: answers.append(server.ask(insert)))
    thread.start()
    server.wait_for("select count() from system.processes where query like 'insert into t%'", "1\n")
    assert server.stop() == 0
    thread.join()
    assert answers[0].status == 200
    server.start()
    assert server.run("select count() from t") == "3\n"


def test_sigterm_stops_what_does_not_end(own_server: Start) -> None:
    server = own_server()
    endless = threading.Thread(target=server.ask, args=("select count() from numbers(1000000000000)",), daemon=True)
    endless.start()
    server.wait_for("select count() from system.processes where query like '%1000000000000)%'", "2\n")
    assert server.stop() == 0


def test_a_database_that_is_open_elsewhere(own_server: Start) -> None:
    first = own_server()
    second = RunningServer(first.folder)
    second.log = first.folder / "second.log"
    assert second.launch().wait(30) == 1
    assert "is open in another process" in second.log.read_text()
    assert first.run("select 1") == "1\n"


def test_a_busy_port(own_server: Start, tmp_path: Path) -> None:
    first = own_server()
    second = RunningServer(tmp_path / "other")
    second.port = first.port
    assert second.launch().wait(30) == 1
    assert f"Cannot listen on 127.0.0.1:{first.port}" in second.log.read_text()


def test_a_missing_password(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CLICKHOUSE_")}
    server = RunningServer(tmp_path)
    done = subprocess.run(server.command(), cwd=SERVICE, env=environment, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "set the environment variable CLICKHOUSE_ADMIN_PASSWORD" in done.stderr


def test_too_many_queries_at_a_time(own_server: Start) -> None:
    server = own_server("--most-queries", "2")
    threads = [threading.Thread(target=server.ask, args=("select sleep(2)",)) for _ in range(2)]
    for thread in threads:
        thread.start()
    time.sleep(0.7)
    assert server.ask("select 1").headers["X-ClickHouse-Exception-Code"] == "202"
    for thread in threads:
        thread.join()
    assert server.run("select 1") == "1\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small file system")
def test_a_full_disk_is_an_error_and_not_the_end(own_server: Start, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        pytest.skip("this system does not let us mount a small file system")
    try:
        server = own_server(folder=small / "clickhouse")
        server.run("create table t (a UInt64, s String) engine = MergeTree order by a")
        rows = "select number, randomPrintableASCII(1000) from numbers(300000)"
        answer = server.ask(f"insert into t {rows}")
        assert answer.status == 500
        assert answer.text.startswith("Code: 243.") or "No space left" in answer.text
        assert server.run("select 1") == "1\n"
        server.run("truncate table t sync")
        server.run("insert into t values (1, 'x')")
        server.stop()
    finally:
        subprocess.run(["umount", "-l", str(small)], check=False)
