"""The devcontainer, opened by the real command-line program of devcontainers, and the stack started in it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from aspects.settings import ROOT
from tests.containers.bases import python_base

VERSION = "0.89.0"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone for the container's user, with what this machine needs: it has no official base image, and reaches
    registries over its own network only."""
    folder = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    file = folder / ".devcontainer" / "devcontainer.json"
    build = f'"context": "..", "args": {{"PYTHON_IMAGE": "{python_base()}"}}, "options": ["--network=host"]'
    text = file.read_text().replace('"context": ".."', build)
    file.write_text(text.replace('"remoteUser"', '"runArgs": ["--network=host"], "remoteUser"'))
    tmp_path.chmod(0o755)
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, 1000, 1000, follow_symlinks=False)
    return folder


@pytest.fixture
def devcontainer(checkout: Path, tmp_path: Path) -> Iterator[Any]:
    """Runs a command of the program on the checkout; its containers are gone afterwards."""
    npm = shutil.which("npm")
    if not npm:
        pytest.skip("needs npm")
    subprocess.run([npm, "install", "--silent", "--prefix", str(tmp_path), f"@devcontainers/cli@{VERSION}"], check=True)

    def run(command: str, *words: str) -> subprocess.CompletedProcess[str]:
        program = [str(tmp_path / "node_modules/.bin/devcontainer"), command, "--workspace-folder", str(checkout)]
        return subprocess.run([*program, *words], capture_output=True, text=True, check=False)

    yield run
    client = docker.from_env()
    for container in client.containers.list(all=True, filters={"label": f"devcontainer.local_folder={checkout}"}):
        container.remove(force=True, v=True)
    for image in client.images.list(filters={"reference": "vsc-checkout-*"}):
        client.images.remove(image.id, force=True)
    client.close()


@pytest.mark.timeout(1200)
def test_it_opens_ready_to_work_and_the_stack_starts_in_it(devcontainer: Any) -> None:
    opened = devcontainer("up", "--buildkit", "never")
    assert opened.returncode == 0, opened.stderr[-3000:]
    assert json.loads(opened.stdout.splitlines()[-1])["outcome"] == "success"

    hook = devcontainer("exec", "cat", ".git/hooks/pre-commit")
    assert "pre-commit" in hook.stdout, hook

    up = devcontainer("exec", "./inv", "dev.up", "--demo", "--json")
    assert up.returncode == 0, up.stderr[-3000:]
    status = json.loads(up.stdout[up.stdout.index("{") :])
    assert status["state"] == "up"
    assert {service["state"] for service in status["services"]} == {"healthy"}
    verified = devcontainer("exec", "./inv", "data.verify", "--json")
    assert json.loads(verified.stdout[verified.stdout.index("{") :])["differences"] == []
