"""Runs the development tools that `requirements/test.txt` locks."""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from aspects.quality.containers import check_containers
from aspects.stack.environments import UV, install_lock

SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Tool:
    """A linter or formatter: how it checks, and how it mends (nothing when it cannot)."""

    name: str
    check: Sequence[str]
    mend: Sequence[str] = ()


CONTAINER_TESTS = ("tests/containers", "tests/integration/test_end_to_end.py")
"""What is run against a stack in containers."""
PYTHON = ("tasks.py", "src", "tests", "services", "ralph", "dbt")
SQL = ("assets/queries", "dbt/models", "dbt/tests", "src/aspects/warehouse")
YAML = ("assets", "dbt", "ralph", "services", "vector", "compose.yaml", ".pre-commit-config.yaml", ".yamllint.yaml")

TOOLS = (
    Tool("ruff", ("ruff", "check", *PYTHON), ("ruff", "check", "--fix", *PYTHON)),
    Tool("ruff format", ("ruff", "format", "--check", *PYTHON), ("ruff", "format", *PYTHON)),
    Tool("mypy", ("mypy",)),
    Tool("yamllint", ("yamllint", "--strict", *YAML)),
    Tool(
        "sqlfmt",
        ("sqlfmt", "--check", "--no-progressbar", *SQL),
        ("sqlfmt", "--no-progressbar", *SQL),
    ),
    Tool("hadolint", ("hadolint", "*/Dockerfile", "*/*/Dockerfile")),
)


@dataclass(frozen=True)
class Outcome:
    """What a tool said."""

    name: str
    passed: bool
    output: str


def ensure_installed(root: Path) -> bool:
    """Install the development tools beside the commands; False when they are there already."""
    lock, marker = root / "requirements" / "test.txt", SCRIPTS.parent / "installed-test.txt"
    if marker.exists() and filecmp.cmp(lock, marker, shallow=False):
        return False
    install_lock(Path(sys.executable), lock, "the tests and linters")
    shutil.copyfile(lock, marker)
    return True


def install_hooks(root: Path) -> bool:
    """Let git run what `.pre-commit-config.yaml` says; False outside a checkout. CalledProcessError when it fails."""
    if not (root / ".git").exists():
        return False
    subprocess.run([str(SCRIPTS / "pre-commit"), "install"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    return True


def check_images(root: Path) -> Outcome:
    """Our own rules for Dockerfiles and Compose files."""
    findings = check_containers(root)
    return Outcome("containers", not findings, "\n".join(map(str, findings)))


def check(tool: Tool, root: Path) -> Outcome:
    """Let a tool look at the repository."""
    return _run(tool, tool.check, root)


def mend(tool: Tool, root: Path) -> Outcome:
    """Let a tool change what it can mend."""
    return _run(tool, tool.mend, root)


def _run(tool: Tool, words: Sequence[str], root: Path) -> Outcome:
    command = [str(SCRIPTS / words[0]), *(found for word in words[1:] for found in _found(word, root))]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    return Outcome(tool.name, done.returncode == 0, (done.stdout + done.stderr).strip())


def _found(word: str, root: Path) -> list[str]:
    """A pattern is the files that it names; a folder that this checkout does not have is left out."""
    if "*" in word:
        return sorted(str(file.relative_to(root)) for file in root.glob(word))
    return [word] if "/" not in word or (root / word).exists() else []


def run_pytest(paths: Iterable[str], options: Iterable[str], root: Path, engine: str = "embedded") -> int:
    """Run the tests, whose stack runs in that engine, with their output shown as it comes; pytest's exit status."""
    command = [str(SCRIPTS / "pytest"), *options, *paths]
    return subprocess.run(command, cwd=root, env={**os.environ, "TEST_ENGINE": engine}, check=False).returncode


def compile_locks(root: Path, upgrade: bool) -> list[Path]:
    """Write each `requirements.txt` anew from its `.in`: hashes for every platform, no addresses."""
    sources = sorted(
        [*root.glob("requirements/*.in"), *root.glob("*/requirements.in"), *root.glob("services/*/requirements*.in")]
    )
    options = [
        "--quiet",
        "--generate-hashes",
        "--universal",
        "--python-version",
        "3.11",
        "--no-emit-index-url",
        "--no-header",
    ]
    for source in sources:
        command = [UV, "pip", "compile", *options, *(["--upgrade"] if upgrade else [])]
        target = source.with_suffix(".txt")
        subprocess.run([*command, source.name, "--output-file", target.name], cwd=source.parent, check=True)
    return [source.with_suffix(".txt") for source in sources]
