"""The transforms of a configuration, run on events one by one as Vector runs them.

Known are the transforms that `vector/` uses: remap, route and filter. Sources:
https://vector.dev/docs/reference/configuration/transforms/remap, …/route and …/filter.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from aspects.vector.configuration import Component, Configuration
from aspects.vector.program import DroppedError, Event, Program

TRANSFORMS = ("remap", "route", "filter")


def condition(value: Any) -> str:
    """The program of a condition: a text, or a mapping with its `source`."""
    return str(value.get("source", "")) if isinstance(value, dict) else str(value)


def programs(component: Component) -> dict[tuple[str, ...], str]:
    """The programs of a transform by where they stand in its options."""
    if component.type == "remap":
        return {("source",): str(component.options.get("source", ""))}
    if component.type == "route":
        routes = component.options.get("route") or {}
        return {("route", str(name)): condition(value) for name, value in routes.items()}
    if component.type == "filter":
        return {("condition",): condition(component.options.get("condition", ""))}
    return {}


class Topology:
    """Transforms that are ready to run."""

    def __init__(self, configuration: Configuration) -> None:
        """Raises ValueError when a program does not compile; `check` says so with its place."""
        self._components = {each.name: each for each in configuration.of("transforms")}
        self._programs = {
            name: {path: Program(source) for path, source in programs(each).items()}
            for name, each in self._components.items()
        }
        self._readers: dict[str, list[str]] = defaultdict(list)
        for name, each in self._components.items():
            for output in configuration.read_by(each):
                self._readers[output].append(name)

    def run(self, at: str, event: Event) -> dict[str, list[Event]]:
        """Put an event into a transform: what every output then gives, further transforms included."""
        given: dict[str, list[Event]] = defaultdict(list)
        waiting = [(at, event)]
        while waiting:
            name, one = waiting.pop(0)
            for output, made in self._of(self._components[name], one):
                given[output].append(made)
                waiting += [(reader, made) for reader in self._readers[output]]
        return given

    def _of(self, component: Component, event: Event) -> list[tuple[str, Event]]:
        chosen = self._programs[component.name]
        if component.type == "route":
            taken = [path[1] for path, program in chosen.items() if _holds(program, event)]
            return [(f"{component.name}.{route}", event) for route in taken or ["_unmatched"]]
        (program,) = chosen.values()
        if component.type == "filter":
            return [(component.name, event)] if _holds(program, event) else []
        try:
            return [(component.name, made) for made in program.events(event)]
        except DroppedError as dropped:
            return _dropped(component, event, dropped)


def _holds(program: Program, event: Event) -> bool:
    """A condition that fails does not hold."""
    try:
        return program.holds(event)
    except DroppedError:
        return False


def _dropped(component: Component, event: Event, dropped: DroppedError) -> list[tuple[str, Event]]:
    # Without the option an event that a program fails on goes on as it was; one that it aborts does not.
    drops = component.options.get(f"drop_on_{dropped.reason}", dropped.reason == "abort")
    if not drops:
        return [(component.name, event)]
    if not component.options.get("reroute_dropped"):
        return []
    about = {
        "reason": dropped.reason,
        "message": dropped.message,
        "component_id": component.name,
        "component_type": component.type,
        "component_kind": "transform",
    }
    return [(f"{component.name}.dropped", {**event, "metadata": {"dropped": about}})]
