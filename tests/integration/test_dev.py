"""dev.up, dev.down, dev.status and dev.reset as a person uses them, on a machine that misbehaves."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from aspects.settings import ROOT, record
from aspects.warehouse.query import query
from tests.conftest import Commands, Stack

WITHOUT_NETWORK = """
import fcntl, socket, struct, subprocess, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
    fcntl.ioctl(control, 0x8914, struct.pack("16sH", b"lo", 0x41))  # SIOCSIFFLAGS: loopback up
sys.exit(subprocess.run(sys.argv[1:], check=False).returncode)
"""


def can_unshare_network() -> bool:
    command = ["unshare", "--map-root-user", "--net", "true"]
    return shutil.which("unshare") is not None and subprocess.run(command, check=False).returncode == 0


def test_status_is_one_object_that_lists_every_service(stack: Stack) -> None:
    status = stack.inv("dev.status", "--json").json
    assert status["state"] == "up"
    assert {service["name"] for service in status["services"]} == {
        "clickhouse",
        "ralph",
        "refresh",
        "superset",
        "tail",
    }
    assert status["refresh_lag_seconds"] >= 0
    for service in status["services"]:
        assert service["state"] == "healthy"
        assert psutil.pid_exists(service["pid"])
        if service["name"] not in ("refresh", "tail"):
            assert service["url"].startswith("http://127.0.0.1:")
            assert service["login"]["password"]


def test_a_first_start_asks_for_no_list_that_is_not_built_yet(stack: Stack) -> None:
    failed = "select query from system.query_log where user = 'dbt' and exception like '%UNKNOWN_TABLE%'"
    assert query(stack.settings, failed, user="admin").rows == []


def test_up_on_a_running_stack_says_so_and_changes_nothing(stack: Stack) -> None:
    before = stack.inv("dev.status", "--json").json
    again = stack.inv("dev.up", check=True)
    assert "up already" in again.out
    assert stack.inv("dev.status", "--json").json == before


def test_up_with_other_settings_asks_for_a_restart(stack: Stack) -> None:
    done = stack.inv("dev.up", ASPECTS_LMS_URL="https://other.example")
    assert done.status == 1
    assert "lms_url" in done.err
    assert "./inv dev.down" in done.err


def test_doctor_finds_nothing_wrong_with_a_healthy_stack(stack: Stack) -> None:
    assert stack.inv("dev.doctor").status == 0


def test_logs_of_each_service_are_shown(stack: Stack) -> None:
    shown = stack.inv("dev.logs", "--lines", "3", check=True).out
    assert "ralph" in shown
    assert "superset" in shown


def test_nothing_but_the_loopback_address_is_bound(stack: Stack) -> None:
    pids = {service["pid"] for service in stack.inv("dev.status", "--json").json["services"]}
    pids |= {child.pid for pid in pids for child in psutil.Process(pid).children(recursive=True)}
    bound = {
        connection.laddr.ip
        for pid in pids
        for connection in psutil.Process(pid).net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert bound == {"127.0.0.1"}


def test_down_on_a_stack_that_is_down(inv: Commands) -> None:
    assert inv("dev.down", "--json", check=True).json == {"state": "down"}
    assert inv("dev.status", "--json", check=True).json["state"] == "down"


def test_a_busy_port_stops_before_anything_is_changed(inv: Commands, state: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", int(inv.environment["ASPECTS_RALPH_PORT"])))
        holder.listen()
        done = inv("dev.up")
    assert done.status == 1
    assert "nothing was changed" in done.err
    assert f"pid {os.getpid()}" in done.err
    assert "ASPECTS_RALPH_PORT=" in done.err
    assert not list(state.iterdir())


def test_a_full_disk_stops_before_anything_is_changed(inv: Commands, state: Path) -> None:
    done = inv("dev.up", ASPECTS_FREE_SPACE_MB=str(10**9))
    assert done.status == 1
    assert "Free disk space" in done.err
    assert "ASPECTS_STATE" in done.err
    assert not list(state.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_fills_up_is_named(inv: Commands, state: Path) -> None:
    small = state / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(small)], check=True)
    try:
        done = inv("dev.up", ASPECTS_STATE=str(small), ASPECTS_FREE_SPACE_MB="0")
        assert done.status == 1
        assert "No space left on device" in done.err
        assert "Traceback" not in done.err
        assert inv("dev.status", "--json", ASPECTS_STATE=str(small)).json["state"] == "down"
    finally:
        inv("dev.down", ASPECTS_STATE=str(small))
        subprocess.run(["umount", "--lazy", str(small)], check=True)


def test_killed_half_way_then_up_again_then_down_twice(inv: Commands) -> None:
    first = subprocess.Popen([str(ROOT / "inv"), "dev.up"], env=inv.environment, stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    for line in first.stderr:
        if "Start ClickHouse" in line:
            break
    first.send_signal(signal.SIGKILL)
    first.wait()
    first.stderr.close()
    assert inv("dev.status", "--json").json["state"] in ("degraded", "up")

    assert inv("dev.up", "--json", check=True).json["state"] == "up"

    crashed = {service["name"]: service["pid"] for service in inv("dev.status", "--json").json["services"]}
    os.kill(crashed["ralph"], signal.SIGKILL)
    until = time.monotonic() + 60
    while inv("dev.status", "--json").json["state"] != "up":
        assert time.monotonic() < until, "the supervisor did not start Ralph again"
        time.sleep(0.5)

    assert inv("dev.down", check=True).status == 0
    assert "nothing was running" in inv("dev.down", check=True).err
    assert not any(psutil.pid_exists(pid) for pid in crashed.values())

    if can_unshare_network():
        words = [sys.executable, "-c", WITHOUT_NETWORK, str(ROOT / "inv"), "dev.up", "--json"]
        command = ["unshare", "--map-root-user", "--net", *words]
        offline = subprocess.run(command, env=inv.environment, capture_output=True, text=True, check=False)
        assert '"state":"up"' in offline.stdout, offline


def test_interrupted_up_leaves_nothing_running(inv: Commands) -> None:
    first = subprocess.Popen([str(ROOT / "inv"), "dev.up"], env=inv.environment, stderr=subprocess.PIPE, text=True)
    assert first.stderr is not None
    for line in first.stderr:
        if "Render the dashboards" in line:
            break
    first.send_signal(signal.SIGINT)
    rest = first.stderr.read()
    first.stderr.close()
    assert first.wait() == 130, rest
    assert inv("dev.status", "--json").json["state"] == "down"


def test_reset_asks_and_then_leaves_nothing(inv: Commands, state: Path) -> None:
    inv("dev.status", check=True)
    (state / "clickhouse").mkdir()
    assert inv("dev.reset").status == 1
    assert (state / "clickhouse").exists()
    assert inv("dev.reset", "--yes", check=True).status == 0
    assert not (state / "clickhouse").exists()


def test_a_clickhouse_program_on_path_is_started_instead(stack: Stack, inv: Commands, state: Path) -> None:
    """What the program is given is looked at here; that the engine reads it is tested beside the engine.

    `stack` is there for the environments that it installs.
    """
    program = state / "bin" / "clickhouse"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\necho "$@"\n')
    program.chmod(0o755)
    record(inv.settings())
    words = [sys.executable, "-m", "aspects.stack.run", "--state", str(state), "clickhouse"]
    path = f"{program.parent}:{os.environ['PATH']}"
    done = subprocess.run(words, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True)
    configuration = state / "clickhouse" / "configuration" / "config.xml"
    assert done.stdout.split() == ["server", f"--config-file={configuration}"]
    assert f"<http_port>{inv.settings().clickhouse_port}</http_port>" in configuration.read_text()
