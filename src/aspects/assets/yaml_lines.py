"""YAML that remembers the line of every value, so that a finding can point at it."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[Hashable, ...]

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TOO_DEEP = 60
_TOO_MANY = 300_000
"""Values in a document; aliases of aliases can stand for billions."""


class YamlError(Exception):
    """Text that is not one YAML document. `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.message = message
        self.line = line


@dataclass(frozen=True)
class Parsed:
    """A document: its value, the line of each value by its path of keys, and keys that are written twice."""

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)
    repeated: tuple[tuple[str, int], ...] = ()

    def line(self, *path: Hashable) -> int:
        """The line of the value at `path`, or of the nearest thing around it that is there."""
        while path not in self.lines and path:
            path = path[:-1]
        return self.lines.get(path, 1)


def parse(text: str) -> Parsed:
    """Read one YAML document of plain values (no tags, no aliases that refer to themselves).

    Raises YamlError with the line where reading stopped.
    """
    loader = _Loader(text)
    lines: dict[Path, int] = {}
    repeated: list[tuple[str, int]] = []

    count = 0

    def walk(node: yaml.Node, path: Path) -> None:
        nonlocal count
        count += 1
        if count > _TOO_MANY:
            raise YamlError(f"holds more than {_TOO_MANY} values", node.start_mark.line + 1)
        if len(path) > _TOO_DEEP:
            raise YamlError(f"is nested more than {_TOO_DEEP} levels deep", node.start_mark.line + 1)
        lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                name = str(key.value)
                if name in seen:
                    repeated.append((name, key.start_mark.line + 1))
                seen.add(name)
                lines[(*path, name)] = key.start_mark.line + 1
                walk(value, (*path, name))
        elif isinstance(node, yaml.SequenceNode):
            for position, item in enumerate(node.value):
                walk(item, (*path, position))

    try:
        node = loader.get_single_node()
        if node is None:
            return Parsed(None)
        walk(node, ())
        return Parsed(loader.construct_document(node), lines, tuple(repeated))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(str(error.problem or error.context), mark.line + 1 if mark else 1) from error
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0], 1) from error
    except (ValueError, RecursionError) as error:  # a date such as 2026-99-99, an alias inside itself
        raise YamlError(str(error), 1) from error
    finally:
        loader.dispose()
