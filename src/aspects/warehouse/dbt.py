"""The dbt project, run in its own environment."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.jobs import is_ready, job
from aspects.stack.secrets import load_secrets
from aspects.stack.services import read_service
from aspects.warehouse.client import connect
from aspects.warehouse.lock import only_one_run
from aspects.warehouse.manifest import Model, Project, read_manifest
from aspects.warehouse.plan import Plan, make_plan, read_warehouse
from aspects.warehouse.query import query

IGNORED = {"target", "logs", "dbt_packages", ".user.yml"}
LONGEST_RUN = 7 * 24 * 3600
"""Seconds: a rebuild of a large warehouse takes hours, and a second run waits for it."""


@dataclass(frozen=True)
class DbtResult:
    """What a run of dbt did.

    `built` counts the models (or tests) that were built (or are well), `names` lists them; `unchanged` is true when
    nothing had to be built. `rebuilt` names the tables that were built anew.
    """

    built: int
    names: list[str]
    seconds: float
    unchanged: bool = False
    rebuilt: list[str] = field(default_factory=list)


def run(
    settings: Settings,
    select: Sequence[str] = (),
    full_refresh: bool = False,
    always: bool = True,
    accept_loss: bool = False,
    announce: Callable[[Plan], None] | None = None,
) -> DbtResult:
    """Build the models into `reporting`; `select` takes dbt's own selectors.

    `announce` is told what will be rebuilt before that begins. With `always` false, and nothing selected, nothing is
    done when the project is what was last built here. Raises AspectsError: those of `connect`; `dbt.not_installed`;
    `dbt.no_model` when nothing is selected by `select`;
    `dbt.loss` when a table would lose rows that retention has deleted from what it is made of, unless `accept_loss`;
    `dbt.failed` with each model that failed, its file and its message.
    """
    login = _login(settings)
    project = hashlib.sha256(f"{digest(settings)} {login}".encode()).hexdigest()
    with only_one_run(settings, "dbt.run", wait=LONGEST_RUN):
        started = time.monotonic()
        if not (always or select or full_refresh) and _is_built(settings, project):
            return DbtResult(built=0, names=[], seconds=time.monotonic() - started, unchanged=True)
        # Where nothing was stored yet nothing is lost, and if nobody asks what will be done, it need not be found out:
        # that is a third of a first start.
        is_first = announce is None and read_warehouse(settings).is_new
        plan = Plan([], [], []) if is_first else _plan(settings, select, full_refresh)
        if announce:
            announce(plan)
        if not accept_loss:
            plan.refuse_losses()
        outcomes: list[dict[str, Any]] = []
        if is_first or plan.models:
            chosen = _selection(select if is_first else plan.models)
            outcomes = _dbt(settings, "run", [*chosen, *(["--full-refresh"] if full_refresh else [])])
        models = read_manifest(_target(settings) / "manifest.json").models
        _mark_views(settings, [models[str(outcome["unique_id"])] for outcome in outcomes])
        _record(settings, None if select else project, [model.name for model in models.values()], plan, outcomes)
        return DbtResult(
            built=len(outcomes),
            names=[_name(outcome) for outcome in outcomes],
            seconds=time.monotonic() - started,
            unchanged=not outcomes,
            rebuilt=[each.model for each in plan.rebuilds],
        )


def plan(settings: Settings, select: Sequence[str] = (), full_refresh: bool = False) -> Plan:
    """What `run` would do with these arguments; nothing is built. Raises as `run` does."""
    with only_one_run(settings, "dbt.run", wait=LONGEST_RUN):
        return _plan(settings, select, full_refresh)


def parse(settings: Settings) -> Project:
    """The project as its files are, with SQL that is not compiled. Needs no running warehouse.

    Raises AspectsError: `dbt.not_installed`, `dbt.failed`.
    """
    folder = settings.service_state("dbt") / "parsed"
    file, mark = folder / "manifest.json", folder / "digest"
    now = digest(settings)
    if not (file.exists() and mark.exists() and mark.read_text() == now):
        with only_one_run(settings, "dbt.parse", wait=LONGEST_RUN):
            _dbt(settings, "parse", ["--target-path", str(folder)], connected=False)
            mark.write_text(now)
    return read_manifest(file)


def write_docs(settings: Settings, file: Path) -> None:
    """Write dbt's own documentation of the project, with the warehouse's tables, as one page of HTML.

    Raises AspectsError: those of `connect`; `dbt.not_installed`, `dbt.failed`; OSError when it cannot be written.
    """
    with only_one_run(settings, "dbt.run", wait=LONGEST_RUN):
        _dbt(settings, "docs", ["generate", "--static"])
        file.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_target(settings) / "static_index.html", file)


def run_tests(settings: Settings, select: Sequence[str] = ()) -> DbtResult:
    """Run the project's tests, of data and of logic. Raises as `run` does."""
    started = time.monotonic()
    names = [_name(outcome) for outcome in _dbt(settings, "test", _selection(select))]
    return DbtResult(built=len(names), names=names, seconds=time.monotonic() - started)


def digest(settings: Settings) -> str:
    """A digest of every file of the project, and of the settings that change what is built."""
    folder = settings.root / "dbt"
    found = hashlib.sha256(f"{settings.cluster} {settings.pii}".encode())
    for file in sorted(folder.rglob("*")):
        if file.is_file() and not IGNORED & set(file.relative_to(folder).parts):
            found.update(str(file.relative_to(folder)).encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()


def _plan(settings: Settings, select: Sequence[str], full_refresh: bool) -> Plan:
    there = read_warehouse(settings)
    models_only = ["--no-populate-cache", "--indirect-selection", "empty"]
    compiled = _dbt(settings, "compile", [*models_only, *_selection(select or ["resource_type:model"])])
    project = read_manifest(_target(settings) / "manifest.json")
    selected = {str(outcome["unique_id"]) for outcome in compiled}
    if not selected:
        raise AspectsError(
            f"There is no model {', '.join(select)}.",
            why="Nothing in dbt/models is meant by it.",
            fix="./inv dbt.lineage NAME says which are written alike; --select takes dbt's own selectors.",
            code="dbt.no_model",
        )
    return make_plan(project, there, selected, full_refresh, _login(settings))


def _login(settings: Settings) -> str:
    """The password that the dictionary of course names reads with, and that its definition so holds."""
    return load_secrets(settings)["CLICKHOUSE_DBT_PASSWORD"]


def _mark_views(settings: Settings, built: Sequence[Model]) -> None:
    """Let each view say what it was made from, as tables do: one that would be made again as it is need not be."""
    client = connect(settings, user="dbt")
    try:
        for model in built:
            if not model.is_table:
                fingerprint = model.fingerprint(_login(settings))
                client.command(f"alter table {model.table}{settings.on_cluster} modify comment '{fingerprint}'")
    finally:
        client.close()


def _dbt(settings: Settings, verb: str, arguments: Iterable[str], connected: bool = True) -> list[dict[str, Any]]:
    """Run dbt; the outcome of each node. Raises AspectsError when anything is not well."""
    if connected:
        connect(settings, user="dbt").close()
    service = read_service(settings.root / "dbt" / "service.yaml")
    started = job(service, settings, ["--log-format", "json", verb, *arguments])
    if not is_ready(service, settings):
        raise AspectsError(
            "dbt is not installed.",
            why=f"There is no {started.command[0]}, or its lock has changed.",
            fix="Run ./inv dev.up, which installs it.",
            code="dbt.not_installed",
        )
    target = _target(settings)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    done = subprocess.run(
        started.command,
        cwd=started.folder,
        env=started.environment,
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
    return outcomes


def _target(settings: Settings) -> Path:
    return settings.service_state("dbt") / "target"


def _name(outcome: dict[str, Any]) -> str:
    return str(outcome["unique_id"]).split(".")[2]


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


def _record(
    settings: Settings, project: str | None, relations: list[str], plan: Plan, outcomes: list[dict[str, Any]]
) -> None:
    """Remember what was built, how long each table took, and what each has lost."""
    seconds = {_name(outcome): float(outcome["execution_time"]) for outcome in outcomes}
    builds = [[each.model, each.rows, seconds[each.model]] for each in plan.rebuilds if each.model in seconds]
    losses = [
        [f"reporting.{each.model}", 0, loss.oldest, loss.newest] for each in plan.rebuilds for loss in each.losses
    ]
    client = connect(settings, user="dbt")
    try:
        if builds:
            client.insert("reporting.builds", builds, column_names=["model", "rows", "seconds"])
        if losses:
            client.insert("reporting.deletions", losses, column_names=["table_name", "rows", "oldest", "newest"])
        if project:
            client.insert("reporting.dbt_runs", [[project, relations]], column_names=["project", "relations"])
    finally:
        client.close()
