"""Vector itself, where the program is on PATH."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_REQUIRED = re.compile(r"\$\{(\w+):\?")


@dataclass(frozen=True)
class Said:
    """What the program printed, and whether it was content."""

    passed: bool
    output: str


def find() -> str:
    """The path of `vector` on PATH, or nothing."""
    return shutil.which("vector") or ""


def validate(program: str, files: Sequence[Path], inherited: Mapping[str, str]) -> Said:
    """`vector validate`, without a look at what the components would talk to."""
    return _run([program, "validate", "--no-environment", *_named(files)], files, inherited)


def test(program: str, files: Sequence[Path], inherited: Mapping[str, str]) -> Said:
    """`vector test`: the unit tests."""
    return _run([program, "test", *_named(files)], files, inherited)


def _named(files: Sequence[Path]) -> list[str]:
    return [word for file in files for word in ("--config-yaml", str(file))]


def _run(command: list[str], files: Sequence[Path], inherited: Mapping[str, str]) -> Said:
    # Passwords have no defaults; for a look at the files any will do.
    wanted = {name: "-" for file in files for name in _REQUIRED.findall(file.read_text(encoding="utf-8"))}
    done = subprocess.run(
        command,
        env={**wanted, **inherited},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=120,
        stdin=subprocess.DEVNULL,
        cwd=os.path.commonpath([file.parent for file in files]),
    )
    return Said(done.returncode == 0, done.stdout.strip())
