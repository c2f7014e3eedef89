"""Checks of the project itself."""

from __future__ import annotations

import time

from invoke.context import Context

from aspects.bench.measures import Measure, choose, machine
from aspects.console import Console
from aspects.errors import AspectsError
from aspects.images.build import docker_engine
from aspects.quality import tools
from aspects.settings import ROOT, load
from aspects.tasks.base import task


@task(
    variadic="paths",
    at_least=0,
    help={
        "paths": "Test files or folders; all of them unless given.",
        "unit": "Only the tests that start no service.",
        "match": "Only the tests whose name matches (pytest -k).",
        "containers": "Against a stack in containers: the given paths, or what is made for it besides the rest.",
        "fail-fast": "Stop at the first test that fails.",
        "seed": "The number that decides the order of the tests and their time zones; any one unless given.",
    },
)
def test(
    context: Context,
    paths: list[str],
    unit: bool = False,
    containers: bool = False,
    match: str = "",
    fail_fast: bool = False,
    seed: int = 0,
) -> None:
    """Run the tests: unit, integration against real services, and a browser where one is found.

    With --containers a Docker engine must answer; its base images are made of Debian's packages (debootstrap).
    """
    console = Console()
    if containers:
        with docker_engine():
            pass
    _install(console)
    seed = seed or time.time_ns() % 1_000_000 + 1
    console.say(f"Seed {seed}: --seed {seed} repeats this order and these time zones.")
    options = [
        "-q",
        "--durations=10",
        f"--randomly-seed={seed}",
        *(["-k", match] if match else []),
        *(["-x"] if fail_fast else []),
    ]
    status = 0
    if not (paths and containers):
        chosen = paths or (["tests/unit"] if unit else ["tests"])
        # More processes than the cores of a small machine: browsers and services are waited for.
        side_by_side = ["--numprocesses", "3", "--dist", "loadscope", "--no-loadscope-reorder"]
        status = tools.run_pytest(chosen, [*options, *side_by_side], ROOT) or status
    if containers:
        status = tools.run_pytest(paths or tools.CONTAINER_TESTS, options, ROOT, engine="docker") or status
    if status:
        raise AspectsError("Some tests failed.", fix="The reasons are above.", code="quality.test", status=status)


@task()
def setup(context: Context) -> None:
    """Install the tools for tests and linting, and let git run `./inv lint` before each commit."""
    console = Console()
    _install(console)
    with console.phase("Hooks of git") as phase:
        phase.note("installed" if tools.install_hooks(ROOT) else "this is no checkout of git")


@task()
def lint(context: Context, json: bool = False) -> None:
    """Check code, types, SQL, YAML, Dockerfiles and Compose files."""
    console = Console(json)
    _install(console)
    outcomes = []
    for tool in tools.TOOLS:
        with console.phase(tool.name) as phase:
            outcome = tools.check(tool, ROOT)
            outcomes.append(outcome)
            if not outcome.passed:
                phase.note("failed")
    with console.phase("containers") as phase:
        outcomes.append(tools.check_images(ROOT))
        if not outcomes[-1].passed:
            phase.note("failed")
    for outcome in outcomes:
        if not outcome.passed:
            console.heading(outcome.name)
            console.say(outcome.output)
    console.result({"tools": outcomes})
    failed = [outcome.name for outcome in outcomes if not outcome.passed]
    if failed:
        raise AspectsError(
            f"Not clean: {', '.join(failed)}.", fix="./inv fmt mends what can be mended.", code="quality.lint"
        )


@task()
def fmt(context: Context) -> None:
    """Format code and SQL, and mend what the linters can mend."""
    console = Console()
    _install(console)
    for tool in tools.TOOLS:
        if tool.mend:
            with console.phase(tool.name):
                tools.mend(tool, ROOT)


@task(help={"only": "One group of measurements, by its name.", "names": "Name the groups and measure nothing."})
def bench(context: Context, only: str = "", names: bool = False, json: bool = False) -> None:
    """Measure this machine: each figure beside its target or its peer."""
    from aspects.bench.groups import GROUPS  # what it measures takes a second to read

    console = Console(json)
    groups = choose(GROUPS, only)
    if names:
        console.say("\n".join(groups))
        console.result({"groups": [*groups]})
        return
    measures: list[Measure] = []
    for name, group in groups.items():
        with console.phase(f"Measure {name}"):
            measures += group(load())
    if not json:
        marks = {True: "✓", False: "✗", None: ""}
        rows = [(marks[one.met], one.name, f"{one.value:,}", one.unit, one.target) for one in measures]
        console.table("", ["", "measure", "value", "unit", "target"], rows)
    console.result({"machine": machine(), "measures": measures})


@task(help={"upgrade": "Take the newest versions that the requirements allow."})
def lock(context: Context, upgrade: bool = False) -> None:
    """Write the lock files anew from the requirements beside them."""
    console = Console()
    with console.phase("Resolve the requirements") as phase:
        phase.note(f"{len(tools.compile_locks(ROOT, upgrade))} lock files")


def _install(console: Console) -> None:
    with console.phase("Tools for tests and linting") as phase:
        phase.note("installed" if tools.ensure_installed(ROOT) else "ready")
