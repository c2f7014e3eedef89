"""The launcher's own errors; that it installs is shown by whoever runs these tests."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from aspects.settings import ROOT


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout without an environment."""
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    (tmp_path / "src" / "aspects").mkdir(parents=True)
    (tmp_path / "requirements").mkdir()
    shutil.copy(ROOT / "requirements" / "cli.txt", tmp_path / "requirements")
    return tmp_path


def run(clone: Path, path: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(clone / "inv"), "--list"], env={"PATH": path}, capture_output=True, text=True, check=False
    )


def folder_with_tools(tmp_path: Path, python: str) -> str:
    """A folder to serve as PATH, with the tools that the launcher uses and a `python3` of our own."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("dirname", "readlink", "cmp", "rm", "cp"):
        (folder / tool).symlink_to(shutil.which(tool) or "")
    (folder / "python3").write_text(python)
    (folder / "python3").chmod(0o755)
    return str(folder)


def test_an_old_python_is_named(clone: Path, tmp_path: Path) -> None:
    old = '#!/bin/sh\n[ "$1" = --version ] && echo Python 3.9.2 && exit\nexit 1\n'
    done = run(clone, folder_with_tools(tmp_path, old))
    assert done.returncode == 1
    assert "Python 3.11 or later is needed; found: Python 3.9.2" in done.stderr


def test_a_python_without_venv_is_explained(clone: Path, tmp_path: Path) -> None:
    broken = '#!/bin/sh\n[ "$1" = -m ] && exit 1\nexit 0\n'
    done = run(clone, folder_with_tools(tmp_path, broken))
    assert done.returncode == 1
    assert "python3-venv" in done.stderr


def test_a_launcher_outside_the_repository_says_so(tmp_path: Path) -> None:
    shutil.copy(ROOT / "inv", tmp_path / "inv")
    done = subprocess.run([str(tmp_path / "inv")], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "must stay in the root" in done.stderr
