"""The components of `vector/`, read from its files: sources, transforms, sinks and tests.

Source: https://vector.dev/docs/reference/configuration. Each file has the sections of a whole configuration, so a
deployment names the files that it wants (docs/vector.md).
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aspects.assets.yaml_lines import Parsed, YamlError, parse
from aspects.errors import AspectsError

ROOMS = ("sources", "transforms", "sinks", "tests")


@dataclass(frozen=True, order=True)
class Finding:
    """Something that is wrong: in which file and line, what, and what to do."""

    file: str
    line: int
    message: str
    fix: str


@dataclass(frozen=True)
class Component:
    """A source, transform or sink with its options, and where it stands."""

    name: str
    room: str
    type: str
    options: Mapping[str, Any]
    file: str
    parsed: Parsed

    @property
    def inputs(self) -> list[str]:
        return [str(each) for each in self.options.get("inputs") or []]

    @property
    def outputs(self) -> list[str]:
        """The names under which others can read it. Source: the pages of the transforms `route` and `remap`."""
        if self.type == "route":
            return [f"{self.name}.{each}" for each in (*self.options.get("route", {}), "_unmatched")]
        dropped = [f"{self.name}.dropped"] if self.options.get("reroute_dropped") else []
        return [self.name, *dropped]

    def line(self, *path: str | int) -> int:
        return self.parsed.line(self.room, self.name, *path)


@dataclass(frozen=True)
class Test:
    """A unit test in Vector's format, and where it stands."""

    name: str
    options: Mapping[str, Any]
    file: str
    number: int
    parsed: Parsed

    def line(self, *path: str | int) -> int:
        return self.parsed.line("tests", self.number, *path)


@dataclass
class Configuration:
    """What the files say, and what of it cannot be read."""

    files: list[Path] = field(default_factory=list)
    components: dict[str, Component] = field(default_factory=dict)
    tests: list[Test] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    def of(self, room: str) -> list[Component]:
        return [each for each in self.components.values() if each.room == room]

    def read_by(self, component: Component) -> Iterator[str]:
        """The outputs of others that a component's inputs mean; `*` stands for any letters."""
        every = [name for each in self.components.values() if each.room != "sinks" for name in each.outputs]
        for wanted in component.inputs:
            yield from fnmatch.filter(every, wanted) if "*" in wanted else [wanted]


def read(folder: Path) -> Configuration:
    """Read all files. Raises AspectsError (`vector.folder`) when there are none."""
    files = sorted(file for room in ROOMS for file in folder.glob(f"{room}/*.yaml"))
    if not files:
        raise AspectsError(
            f"There is no configuration of Vector in {folder}.",
            why="It has no YAML files in sources/, transforms/, sinks/ or tests/.",
            fix="Name a folder such as vector/.",
            code="vector.folder",
            status=2,
        )
    found = Configuration(files)
    for file in files:
        name = file.relative_to(folder).as_posix()
        try:
            parsed = parse(file.read_text(encoding="utf-8"))
        except (YamlError, UnicodeDecodeError) as error:
            line = error.line if isinstance(error, YamlError) else 1
            found.findings.append(Finding(name, line, f"It cannot be read: {error}.", "Write one YAML document."))
            continue
        _take(found, name, parsed)
    return found


def _take(found: Configuration, file: str, parsed: Parsed) -> None:
    value = parsed.value
    if not isinstance(value, dict):
        found.findings.append(Finding(file, 1, "It is no mapping.", f"Begin with one of {', '.join(ROOMS)}."))
        return
    for key, line in parsed.repeated:
        found.findings.append(Finding(file, line, f"{key!r} is written twice.", "Remove one; only the last counts."))
    room = file.partition("/")[0]
    for key in value:
        if key != room:
            message = f"{key!r} has no place in {room}/."
            found.findings.append(Finding(file, parsed.line(key), message, f"Write {room!r}, or move it."))
    content = value.get(room)
    if room == "tests":
        for number, each in enumerate(content if isinstance(content, list) else []):
            if isinstance(each, dict):
                found.tests.append(Test(str(each.get("name", "")), each, file, number, parsed))
        return
    for name, options in (content if isinstance(content, dict) else {}).items():
        if not isinstance(options, dict) or not isinstance(options.get("type"), str):
            line = parsed.line(room, name)
            found.findings.append(Finding(file, line, f"{name!r} has no type.", "Say what it is: `type: …`."))
        elif name in found.components:
            other = found.components[name].file
            message = f"{name!r} is in {other}, too."
            found.findings.append(Finding(file, parsed.line(room, name), message, "Give one of them another name."))
        else:
            found.components[name] = Component(name, room, options["type"], options, file, parsed)
