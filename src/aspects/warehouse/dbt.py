"""The dbt project, run in its own environment."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.secrets import load_secrets
from aspects.stack.services import PASSED_ON, Service, read_service
from aspects.warehouse.client import connect
from aspects.warehouse.lock import only_one_run
from aspects.warehouse.query import query

IGNORED = {"target", "logs", "dbt_packages", ".user.yml"}
LONGEST_RUN = 7 * 24 * 3600
"""Seconds: a rebuild of a large warehouse takes hours, and a second run waits for it."""


@dataclass(frozen=True)
class DbtResult:
    """What a run of dbt did.

    `built` counts the models (or tests) that are well, `names` lists them; `unchanged` is true when nothing
    had to be done because the project is as it was when it was last built.
    """

    built: int
    names: list[str]
    seconds: float
    unchanged: bool = False


def run(settings: Settings, select: Sequence[str] = (), full_refresh: bool = False, always: bool = True) -> DbtResult:
    """Build the models into `reporting`; `select` takes dbt's own selectors.

    With `always` false, and nothing selected, nothing is done when the project is what was last built here.
    Raises AspectsError: those of `connect`; `dbt.not_installed`; `dbt.failed` with each model that failed, its
    file and its message.
    """
    project = digest(settings)
    with only_one_run(settings, "dbt.run", wait=LONGEST_RUN):
        started = time.monotonic()
        if not (always or select or full_refresh) and _is_built(settings, project):
            return DbtResult(built=0, names=[], seconds=time.monotonic() - started, unchanged=True)
        arguments = [*_selection(select), *(["--full-refresh"] if full_refresh else [])]
        names = _dbt(settings, "run", arguments)
        if not select:
            _record(settings, project, names)
        return DbtResult(built=len(names), names=names, seconds=time.monotonic() - started)


def run_tests(settings: Settings, select: Sequence[str] = ()) -> DbtResult:
    """Run the project's tests, of data and of logic. Raises as `run` does."""
    started = time.monotonic()
    names = _dbt(settings, "test", _selection(select))
    return DbtResult(built=len(names), names=names, seconds=time.monotonic() - started)


def digest(settings: Settings) -> str:
    """A digest of every file of the project, and of the setting that changes what is built."""
    folder = settings.root / "dbt"
    found = hashlib.sha256(settings.cluster.encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not IGNORED & set(file.relative_to(folder).parts):
            found.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def environment(settings: Settings, service: Service) -> dict[str, str]:
    """The variables that dbt sees, as its `service.yaml` says."""
    secrets = load_secrets(settings)
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ} | {
        name: service.render(value, settings, secrets) for name, value in service.environment.items()
    }


def _dbt(settings: Settings, verb: str, arguments: Iterable[str]) -> list[str]:
    """Run dbt; the names of what is well. Raises AspectsError when anything is not."""
    connect(settings, user="dbt").close()
    service = read_service(settings.root / "dbt" / "service.yaml")
    program = settings.envs / service.name / "bin" / "dbt"
    if not program.exists():
        raise AspectsError(
            "dbt is not installed.",
            why=f"There is no {program}.",
            fix="Run ./inv dev.up, which installs it.",
            code="dbt.not_installed",
        )
    target = settings.service_state(service.name) / "target"
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    done = subprocess.run(
        [str(program), "--log-format", "json", verb, *arguments],
        cwd=service.folder,
        env=environment(settings, service),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    outcomes = _outcomes(results)
    failed = [
        _failure(outcome, target) for outcome in outcomes if outcome["status"] in ("error", "fail", "runtime error")
    ]
    if failed or done.returncode:
        skipped = sum(outcome["status"] == "skipped" for outcome in outcomes)
        raise AspectsError(
            f"{len(failed) or 'Some'} of {len(outcomes) or 'the'} {'tests' if verb == 'test' else 'models'} failed"
            + (f", and {skipped} that need them were not built." if skipped else "."),
            why="\n".join(failed) or _errors(done.stdout) or done.stderr.strip()[-2000:],
            fix=f"Correct the file and run ./inv dbt.{verb} again. "
            f"The whole log: {settings.service_state(service.name) / 'logs' / 'dbt.log'}",
            code="dbt.failed",
        )
    return [outcome["unique_id"].split(".")[2] for outcome in outcomes]


def _selection(select: Sequence[str]) -> list[str]:
    return ["--select", *select] if select else []


def _outcomes(results: Path) -> list[dict[str, Any]]:
    return list(json.loads(results.read_text())["results"]) if results.exists() else []


def _failure(outcome: dict[str, Any], target: Path) -> str:
    nodes = json.loads((target / "manifest.json").read_text())
    node = nodes["nodes"].get(outcome["unique_id"]) or nodes["unit_tests"].get(outcome["unique_id"]) or {}
    message = " ".join((outcome["message"] or "").split())[:1000]
    return f"dbt/{node.get('original_file_path', '?')}: {node.get('name', outcome['unique_id'])}: {message}"


def _errors(log: str) -> str:
    """What dbt logged as errors, one a line."""
    messages: list[str] = []
    for line in log.splitlines():
        try:
            event = json.loads(line)["info"]
        except (ValueError, KeyError, TypeError):
            continue
        if event.get("level") == "error" and not str(event.get("msg", "")).startswith("Traceback"):
            messages.append(" ".join(str(event.get("msg", "")).split()))
    return "\n".join(messages)


def _is_built(settings: Settings, project: str) -> bool:
    """Whether this project was the last one built into the warehouse, and all of it is still there."""
    last = query(
        settings, "select project, relations from reporting.dbt_runs order by finished_at desc limit 1", user="dbt"
    ).rows
    if not last or last[0][0] != project:
        return False
    there = query(settings, "select name from system.tables where database = 'reporting'", user="dbt").rows
    return set(last[0][1]) <= {row[0] for row in there}


def _record(settings: Settings, project: str, relations: list[str]) -> None:
    client = connect(settings, user="dbt")
    try:
        client.insert("reporting.dbt_runs", [[project, relations]], column_names=["project", "relations"])
    finally:
        client.close()
