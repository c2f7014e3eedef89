"""Fills a new `.venv` from the hashed lock. Runs before any package is there: the standard library only."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

PIP = (
    "pip",
    "install",
    "--disable-pip-version-check",
    "--progress-bar",
    "off",
    "--require-hashes",
    "--only-binary",
    ":all:",
)


def main(root: Path) -> int:
    """Install `requirements/cli.txt` with a line of progress a package; returns the exit status."""
    lock = root / "requirements" / "cli.txt"
    total = len(re.findall(r"^\S+==", lock.read_text(), flags=re.MULTILINE))
    status, output = install(lock, total)
    if status:
        print("\n".join(output[-12:]), file=sys.stderr)
        return status
    write_programs(root)
    shutil.copyfile(lock, Path(sys.prefix) / "installed.txt")
    return 0


def install(lock: Path, total: int) -> tuple[int, list[str]]:
    """Run pip; its exit status and what it said."""
    output: list[str] = []
    done = 0
    command = [sys.executable, "-m", *PIP, "--requirement", str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        for line in pip.stdout or ():
            if not line.startswith("Ignoring "):  # a marker of another platform
                output.append(line.rstrip())
            if line.startswith("Collecting "):
                done += 1
                progress(f"[{done}/{total}] {line.split()[1].partition('=')[0]}")
            if line.startswith("Installing "):
                progress(f"[{done}/{done}] writing {done} packages")
    progress("")
    return pip.returncode, output


def progress(text: str) -> None:
    """Show where the installation is, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K  {text}", end="" if text else "\r", file=sys.stderr, flush=True)


def write_programs(root: Path) -> None:
    """Let `.venv` find the package, and let its own `inv` be this repository's."""
    scripts = Path(sysconfig.get_path("scripts"))
    Path(sysconfig.get_path("purelib"), "aspects.pth").write_text(f"{root / 'src'}\n")
    for name in ("inv", "invoke"):
        program = scripts / name
        program.write_text(f"#!{scripts / 'python'}\nfrom aspects.program import main\n\nmain()\n")
        program.chmod(0o755)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
