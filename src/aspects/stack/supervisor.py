"""supervisord (its own library does the work): writes its configuration, starts it, talks to it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import xmlrpc.client
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport
from tenacity import retry, retry_if_result, stop_after_delay, wait_fixed

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.logs import last_lines, read_files
from aspects.stack.services import Service

LONGEST_SOCKET_PATH = 100
"""Bytes; the kernel's limit for the path of a socket is 108 on Linux and 104 on macOS."""

CONFIGURATION = """\
; Written by dev.up; a change here is lost at the next start.
[supervisord]
pidfile={run}/supervisord.pid
logfile={logs}/supervisord.log
logfile_maxbytes=1MB
childlogdir={logs}
identifier=aspects
umask=077

[unix_http_server]
file={socket}
chmod=0700

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

PROGRAM = """
[program:{name}]
command="{python}" -m aspects.stack.run --state "{state}" {name}
autostart=false
autorestart=true
startsecs=1
startretries=3
stopwaitsecs=20
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={logs}/{name}.log
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


@dataclass(frozen=True)
class Process:
    """What supervisord knows of one service's process."""

    name: str
    state: str
    """stopped, starting, running, backoff, stopping, exited, fatal or unknown."""
    pid: int | None
    description: str


def run_folder(settings: Settings) -> Path:
    return settings.state / "run"


def log_folder(settings: Settings) -> Path:
    return settings.state / "logs"


def log_file(settings: Settings, service: str) -> Path:
    return log_folder(settings) / f"{service}.log"


def socket_path(settings: Settings) -> Path:
    """Where supervisord listens: in the state folder, or in the temporary folder when that path is too long."""
    path = run_folder(settings) / "supervisor.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET_PATH:
        return path
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"aspects-{digest}.sock"


class Supervisor:
    """The supervisor of one stack, running or not."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def start(self, services: Iterable[Service]) -> None:
        """Start supervisord, unless it runs, with no service started yet.

        AspectsError (`stack.supervisor`) when it does not answer.
        """
        if self.is_running():
            return
        file = self._write_configuration(services)
        command = [sys.executable, "-m", "supervisor.supervisord", "--configuration", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._settings.root, check=False)
        if done.returncode or not self._wait_until(True):
            raise AspectsError(
                "The process supervisor did not start.",
                why=(done.stderr or done.stdout).strip(),
                fix=f"Its log: {log_folder(self._settings) / 'supervisord.log'}",
                code="stack.supervisor",
            )

    def stop(self) -> bool:
        """Stop every service and supervisord itself; False when it was not running. Waits until it has gone."""
        if not self.is_running():
            return False
        self._call("shutdown")
        if not self._wait_until(False):
            raise AspectsError(
                "The process supervisor does not stop.",
                fix=f"Its log: {log_folder(self._settings) / 'supervisord.log'}",
                code="stack.supervisor",
            )
        return True

    def delete(self) -> None:
        """Stop everything; what the services keep is in the state folder."""
        self.stop()

    def is_running(self) -> bool:
        try:
            return bool(self._call("getState")["statename"] == "RUNNING")
        except (OSError, xmlrpc.client.Error):
            return False

    def start_service(self, name: str) -> None:
        """Start a service unless it runs already; does not wait until it is healthy."""
        if self.process(name).state not in ("running", "starting"):
            self._call("startProcess", name, False)

    def stop_service(self, name: str) -> None:
        if self.process(name).state in ("running", "starting", "backoff"):
            self._call("stopProcess", name, True)

    def process(self, name: str) -> Process:
        found = next((process for process in self.processes() if process.name == name), None)
        return found or Process(name, "unknown", None, "")

    def processes(self) -> list[Process]:
        """Every service's process; empty when supervisord is not running."""
        try:
            infos = self._call("getAllProcessInfo")
        except (OSError, xmlrpc.client.Error):
            return []
        return [
            Process(
                info["name"],
                info["statename"].lower(),
                info["pid"] or None,
                info["spawnerr"] or info["description"],
            )
            for info in infos
        ]

    def last_lines(self, name: str, count: int) -> list[str]:
        """The end of a service's log."""
        return last_lines(log_file(self._settings, name), count)

    def log(self, names: list[str], lines: int, follow: bool) -> Iterator[tuple[str, str]]:
        """The last lines of the services' logs, each with its service's name; with `follow`, new ones for ever."""
        return read_files({name: log_file(self._settings, name) for name in names}, lines, follow)

    def _write_configuration(self, services: Iterable[Service]) -> Path:
        run, logs = run_folder(self._settings), log_folder(self._settings)
        for folder in (run, logs):
            folder.mkdir(parents=True, exist_ok=True)
        values = {
            name: str(value).replace("%", "%%")
            for name, value in {
                "run": run,
                "logs": logs,
                "socket": socket_path(self._settings),
                "python": sys.executable,
                "state": self._settings.state,
            }.items()
        }
        programs = [PROGRAM.format(name=service.name, **values) for service in services if service.runs]
        file = run / "supervisord.conf"
        file.write_text(CONFIGURATION.format(**values) + "".join(programs))
        return file

    def _call(self, method: str, *arguments: object) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{socket_path(self._settings)}")
        with xmlrpc.client.ServerProxy("http://supervisor", transport=transport) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    def _wait_until(self, running: bool) -> bool:
        @retry(
            retry=retry_if_result(lambda now: now is not running),
            stop=stop_after_delay(60),
            wait=wait_fixed(0.05),
            retry_error_callback=lambda state: not running,
        )
        def look() -> bool:
            if running:
                return self.is_running()
            return (run_folder(self._settings) / "supervisord.pid").exists() or socket_path(self._settings).exists()

        return look() is running
