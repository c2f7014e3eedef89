"""Vector's configuration."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from aspects.console import Console
from aspects.settings import ROOT
from aspects.tasks.base import task

FOLDER = {"folder": "Where the configuration is; vector/ unless given."}
OURS = "Vector's own compiler, in Python"


@task(help=FOLDER)
def check(context: Context, folder: str = "", json: bool = False) -> None:
    """Check Vector's configuration: its graph, its options, and that every program compiles.

    With a program `vector` on PATH it is asked, too.
    """
    from aspects.vector import binary, configuration
    from aspects.vector import check as checking

    console = Console(json)
    found = configuration.read(Path(folder) if folder else ROOT / "vector")
    findings = checking.check(found)
    for each in findings:
        console.say(f"{each.file}:{each.line}: {each.message}\n  → {each.fix}")
    program = binary.find()
    said = binary.validate(program, found.files, os.environ) if program else None
    if said and not said.passed:
        console.say(said.output)
    for component in [] if program else checking.unknown_types(found):
        console.warn(f"{component.file}: the options of {component.type} can be checked by Vector only.")
    counts = f"{len(found.components)} components, {len(found.tests)} tests"
    console.say(f"{counts}, {len(findings) or 'nothing'} found. Checked by {program or OURS}.")
    console.result(
        {
            "components": len(found.components),
            "findings": [asdict(each) for each in findings],
            "checked_by": program or OURS,
            "vector": said.output if said else None,
        }
    )
    if findings or (said and not said.passed):
        raise Exit(code=1)


@task(help=FOLDER)
def test(context: Context, folder: str = "", json: bool = False) -> None:
    """Run the unit tests of Vector's configuration: by Vector where it is on PATH, else by its compiler in Python."""
    from aspects.errors import AspectsError
    from aspects.vector import binary, configuration, testing

    console = Console(json)
    found = configuration.read(Path(folder) if folder else ROOT / "vector")
    if program := binary.find():
        said = binary.test(program, found.files, os.environ)
        console.say(f"{said.output}\nRun by {program}.")
        console.result({"tests": len(found.tests), "passed": said.passed, "run_by": program, "vector": said.output})
        if not said.passed:
            raise Exit(code=1)
        return
    try:
        outcomes = testing.run(found)
    except (ValueError, KeyError) as error:
        raise AspectsError(
            "The tests cannot be run.", why=str(error), fix="./inv vector.check says where.", code="vector.program"
        ) from error
    failed = [each for each in outcomes if each.failures]
    for each in failed:
        console.say(f"{each.file}:{each.line}: {each.name}\n" + "\n".join(f"  {said}" for said in each.failures))
    console.say(f"{len(outcomes)} tests, {len(failed) or 'none'} failed. Run by {OURS}.")
    console.result({"tests": [asdict(each) for each in outcomes], "passed": not failed, "run_by": OURS})
    if failed:
        raise Exit(code=1)
