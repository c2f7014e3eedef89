"""Looks at the machine before anything is changed."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

from aspects.settings import PREFIX, Settings
from aspects.stack import environments
from aspects.stack.services import Service, to_install
from aspects.stack.supervisor import Process

INSTALL_MB = 4000
"""Megabytes that the services' environments take together, with what installing them needs."""
MEMORY_MB = 1500
"""Megabytes that the resting stack and a query or two take together."""
MACHINES = {"x86_64", "amd64", "aarch64", "arm64"}


@dataclass(frozen=True)
class Check:
    """One look at the machine. `fix` says what to do when it is not `ok`."""

    name: str
    ok: bool
    found: str
    fix: str = ""
    required: bool = True


def run_checks(settings: Settings, services: Iterable[Service], own: Iterable[Process]) -> list[Check]:
    """All checks. `own` are the processes of the stack itself, which may hold its ports."""
    services, own = list(services), list(own)
    own_pids = {process.pid for process in own if process.pid}
    published = {process.name for process in own if process.pid and settings.engine == "docker"}
    missing = settings.engine == "embedded" and not all(
        environments.is_installed(one, settings) for one in to_install(services)
    )
    return [
        check_python(sys.version_info[:3]),
        check_machine(platform.system(), platform.machine()),
        check_writable(settings.state),
        check_space(settings.state, settings.free_space_mb + (INSTALL_MB if missing else 0)),
        check_memory(psutil.virtual_memory().available),
        *(
            check_port(service, settings, own_pids)
            for service in services
            if service.port and service.name not in published
        ),
    ]


def check_python(version: tuple[int, ...]) -> Check:
    return Check(
        "Python",
        version >= (3, 11),
        ".".join(map(str, version)),
        "Install Python 3.11 or later, remove .venv and run the command again.",
    )


def check_machine(system: str, machine: str) -> Check:
    return Check(
        "Machine",
        system in ("Linux", "Darwin") and machine.lower() in MACHINES,
        f"{system} {machine}",
        "The embedded engine exists for Linux and macOS on x86-64 and Arm; elsewhere use ./inv dev.up --engine docker.",
    )


def check_writable(state: Path) -> Check:
    folder = _nearest(state)
    return Check(
        "State folder",
        os.access(folder, os.W_OK),
        f"{state} ({'writable' if os.access(folder, os.W_OK) else 'not writable'})",
        f"Make {folder} writable, or choose another place: {PREFIX}STATE=/some/folder.",
    )


def check_space(state: Path, wanted_mb: int) -> Check:
    free_mb = shutil.disk_usage(_nearest(state)).free // 1_000_000
    return Check(
        "Free disk space",
        free_mb >= wanted_mb,
        f"{free_mb:,} MB, at least {wanted_mb:,} MB are needed",
        f"Free some space where {state} lies, or choose another place: {PREFIX}STATE=/some/folder.",
    )


def check_memory(available: int) -> Check:
    found_mb = available // 1_000_000
    return Check(
        "Free memory",
        found_mb >= MEMORY_MB,
        f"{found_mb:,} MB, {MEMORY_MB:,} MB are better",
        "Close other programs; the stack may be slow or be stopped by the system.",
        required=False,
    )


def check_port(service: Service, settings: Settings, own_pids: set[int]) -> Check:
    port = settings.port(service.name)
    name = f"Port {port} ({service.title})"
    if _can_bind(settings.host, port):
        return Check(name, True, "free")
    holder = _holder(port)
    if holder is not None and own_pids & {holder.pid, *(parent.pid for parent in holder.parents())}:
        return Check(name, True, "used by this stack")
    who = f"{holder.name()} (pid {holder.pid})" if holder else "another program"
    return Check(
        name,
        False,
        f"used by {who}",
        f"Stop that program, or choose another port: {PREFIX}{service.name.upper()}_PORT={port + 1} ./inv dev.up",
    )


def _nearest(path: Path) -> Path:
    return next(folder for folder in (path, *path.absolute().parents) if folder.exists())


def _can_bind(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _holder(port: int) -> psutil.Process | None:
    """The process that listens on the port, as far as the system tells this user."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.status == psutil.CONN_LISTEN:
                return psutil.Process(connection.pid) if connection.pid else None
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return None
    return None
