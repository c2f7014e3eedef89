"""The Nix flake and the devcontainer: what they ask for, and that they agree."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import Any

import pytest

from aspects.images.pins import read_pins
from aspects.settings import ROOT, Settings

SYSTEMS = {"x86_64-linux", "aarch64-linux", "x86_64-darwin", "aarch64-darwin"}
OUTPUTS = """
let flake = import {root}/flake.nix;
in flake.outputs {{ self = "checkout"; nixpkgs = import {root}/tests/data/nixpkgs.nix; }}
"""


@pytest.fixture(scope="module")
def flake() -> Any:
    """Everything that the flake gives, as it asks a stand-in for nixpkgs."""
    nix = shutil.which("nix-instantiate")
    if not nix:
        pytest.skip("needs nix-instantiate (Debian: nix-bin)")
    command = [nix, "--eval", "--strict", "--json", "--readonly-mode", "--expr", OUTPUTS.format(root=ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def devcontainer() -> Any:
    """`devcontainer.json`, whose comments stand on lines of their own."""
    lines = (ROOT / ".devcontainer/devcontainer.json").read_text().splitlines()
    return json.loads("\n".join(line for line in lines if not line.strip().startswith("//")))


def test_every_output_is_there_for_every_system(flake: Any) -> None:
    assert set(flake) == {"devShells", "packages", "checks", "formatter"}
    assert all(set(output) == SYSTEMS for output in flake.values())


@pytest.mark.parametrize("system", sorted(SYSTEMS))
def test_the_shell_has_the_real_programs(flake: Any, system: str) -> None:
    shell = flake["devShells"][system]["default"]
    assert {"python311", "clickhouse", "vector", "redis", "git", "hadolint"} <= set(shell["packages"])
    assert shell["ASPECTS_PYTHON"] == "python311/bin/python3"
    linux = system.endswith("linux")
    assert ("chromium" in shell["packages"]) == linux
    assert bool(shell["LD_LIBRARY_PATH"]) == linux


def test_the_package_is_the_commands_of_the_checkout(flake: Any) -> None:
    package = flake["packages"]["x86_64-linux"]["default"]
    assert package["name"] == "inv"
    assert '/inv" "$@"' in package["text"]
    assert "git" in package["runtimeInputs"]


def test_the_checks_look_at_files_that_are_there(flake: Any) -> None:
    checks = flake["checks"]["x86_64-linux"]
    assert set(checks) == {"python", "dockerfiles", "vector"}
    for check in checks.values():
        for word in re.findall(r"[\w.*-]+/[\w./*-]+", check["script"].replace("checkout", "")):
            assert list(ROOT.glob(word)), word


def test_the_lock_is_of_the_input() -> None:
    lock = json.loads((ROOT / "flake.lock").read_text())
    original = lock["nodes"]["nixpkgs"]["original"]
    assert f'"github:{original["owner"]}/{original["repo"]}/{original["ref"]}"' in (ROOT / "flake.nix").read_text()
    assert re.fullmatch(r"[0-9a-f]{40}", lock["nodes"]["nixpkgs"]["locked"]["rev"])


def test_the_flake_the_devcontainer_and_the_images_have_one_python() -> None:
    (python,) = [pin for pin in read_pins(ROOT) if pin.tag.startswith("python:")]
    assert ".devcontainer/Dockerfile" in python.files
    major, minor, _ = python.tag.removeprefix("python:").split("-")[0].split(".")
    assert f"pkgs.python{major}{minor}" in (ROOT / "flake.nix").read_text()


def test_the_devcontainer_forwards_every_port_with_a_label(devcontainer: Any) -> None:
    settings = Settings()
    ports = {settings.clickhouse_port, settings.ralph_port, settings.superset_port}
    assert set(devcontainer["forwardPorts"]) == ports
    assert {int(port) for port, told in devcontainer["portsAttributes"].items() if told["label"]} == ports
    assert "features" not in devcontainer


def test_the_editor_uses_the_projects_own_tools(devcontainer: Any) -> None:
    settings = devcontainer["customizations"]["vscode"]["settings"]
    assert settings["[python]"]["editor.rulers"] == [120]
    assert settings["ruff.importStrategy"] == settings["mypy-type-checker.importStrategy"] == "fromEnvironment"
    assert settings["python.defaultInterpreterPath"].endswith("/.venv/bin/python")
    assert devcontainer["postCreateCommand"] == "./inv setup"
