"""Unit tests in Vector's own format, run on the transforms.

Source: https://vector.dev/docs/reference/configuration/unit-tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aspects.vector.configuration import Configuration, Test
from aspects.vector.program import DroppedError, Event, Program
from aspects.vector.topology import Topology, condition


@dataclass(frozen=True)
class Outcome:
    """A test, where it stands, and what did not hold: nothing when it passed."""

    name: str
    file: str
    line: int
    failures: tuple[str, ...]


def run(configuration: Configuration) -> list[Outcome]:
    """Run every test. Raises ValueError when a transform does not compile."""
    topology = Topology(configuration)
    return [
        Outcome(test.name, test.file, test.line(), tuple(_failures(topology, test))) for test in configuration.tests
    ]


def _failures(topology: Topology, test: Test) -> list[str]:
    given: dict[str, list[Event]] = {}
    inputs = test.options.get("inputs") or []
    for entry in inputs:
        try:
            made = topology.run(str(entry["insert_at"]), _event(entry))
        except (KeyError, ValueError, DroppedError) as error:
            return [f"an input cannot be made: {error}"]
        for output, events in made.items():
            given.setdefault(output, []).extend(events)
    if not inputs:
        return ["it has no inputs"]
    found: list[str] = []
    for entry in test.options.get("outputs") or []:
        wanted = entry.get("extract_from")
        for output in wanted if isinstance(wanted, list) else [str(wanted)]:
            found += _missing(output, given.get(output, []), entry.get("conditions") or [])
    for output in test.options.get("no_outputs_from") or []:
        found += [f"{output} gave {event}" for event in given.get(output, [])]
    return found


def _missing(output: str, events: list[Event], conditions: list[Any]) -> list[str]:
    """What keeps each event of an output from meeting all conditions; nothing when one meets them."""
    if not events:
        return [f"{output} gave nothing"]
    found: list[str] = []
    for event in events:
        unmet = [said for each in conditions if (said := _unmet(condition(each), event))]
        if not unmet:
            return []
        found += [f"{output} gave {event}: {said}" for said in unmet]
    return found


def _unmet(source: str, event: Event) -> str:
    try:
        # An assertion fails with its own words; a program without one must be true.
        return "" if Program(source).holds(event) else "the condition is not true"
    except DroppedError as failed:
        return failed.message
    except ValueError as error:
        return f"the condition does not compile: {error}"


def _event(entry: dict[str, Any]) -> Event:
    kind = entry.get("type", "raw")
    if kind == "raw":
        return {"message": str(entry["value"])}
    if kind == "log":
        return dict(entry["log_fields"])
    if kind == "vrl":
        (event,) = Program(str(entry["source"])).events({})
        return event
    raise ValueError(f"there is no type {kind!r} of input; use raw, log or vrl")
