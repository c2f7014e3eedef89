"""YAML that is changed where its values change, and left as a person wrote it everywhere else.

`edited(text, value)` is a text that holds `value`; comments, order, quotes and line breaks of all that is equal stay.
`written(value)` is a new text in the style of our files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

import yaml

WIDTH = 110
"""Longest line of what is written anew."""


class _Writer(yaml.SafeDumper):
    """Our style: short things on one line, long texts folded, texts of several lines as they are."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _is_short(value: Any) -> bool:
    parts = list(value.values()) if isinstance(value, dict) else list(value)
    if any(
        isinstance(part, dict | list) and part and not (isinstance(part, dict) and _is_short(part)) for part in parts
    ):
        return False
    return len(json.dumps(value, ensure_ascii=False, default=str)) <= WIDTH - 10


def _mapping(writer: _Writer, value: dict[str, Any]) -> yaml.Node:
    flow = bool(value) and getattr(writer, "_deep", 0) > 0 and _is_short(value)
    writer._deep = getattr(writer, "_deep", 0) + 1  # type: ignore[attr-defined]  # ours, kept on PyYAML's writer
    try:
        return writer.represent_mapping("tag:yaml.org,2002:map", list(value.items()), flow_style=flow or not value)
    finally:
        writer._deep -= 1  # type: ignore[attr-defined]  # as above


def _sequence(writer: _Writer, value: list[Any]) -> yaml.Node:
    scalars = not any(isinstance(part, dict | list) for part in value)
    return writer.represent_sequence(
        "tag:yaml.org,2002:seq", value, flow_style=not value or (scalars and _is_short(value))
    )


def _text(writer: _Writer, value: str) -> yaml.Node:
    style = None
    if not value.replace("\n", "").isprintable():
        style = '"'
    elif "\n" in value:
        style = "|"
    elif len(value) > WIDTH - 20 and " " in value:
        style = ">"
    return writer.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Writer.add_representer(dict, _mapping)
_Writer.add_representer(list, _sequence)
_Writer.add_representer(str, _text)


def written(value: Any) -> str:
    """A YAML document in the style of our files."""
    return str(yaml.dump(value, Dumper=_Writer, sort_keys=False, allow_unicode=True, width=WIDTH))


def _flow(value: Any) -> str:
    """A value on one line, as inside brackets."""
    return str(
        yaml.safe_dump([value], default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9)
    ).strip()[1:-1]


def edited(text: str, value: Any) -> str:
    """`text` with as little changed as makes it hold `value`. Text that cannot be changed in part is written anew."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        if root is None:
            return written(value)
        result = _Editor(text).run(root, value)
        if _same(yaml.safe_load(result), value):
            return result
    except yaml.YAMLError:
        pass
    return written(value)


def _same(one: Any, other: Any) -> bool:
    """Equal, and `1` is not `true`."""
    return repr(_plain(one)) == repr(_plain(other))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in sorted(value.items(), key=lambda pair: str(pair[0]))}
    return [_plain(one) for one in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class _Change:
    start: int
    end: int
    text: str


class _Editor:
    def __init__(self, text: str) -> None:
        self._text = text
        self._changes: list[_Change] = []
        self._values: dict[int, Any] = {}
        self._scalars = yaml.SafeLoader("")
        self._flows: list[tuple[int, int]] = []

    def run(self, root: yaml.Node, value: Any) -> str:
        self._find_flows(root)
        self._node(root, value)
        result = self._text
        for change in sorted(self._changes, key=lambda each: (each.start, each.end), reverse=True):
            result = result[: change.start] + change.text + result[change.end :]
        return result

    def _value_of(self, node: yaml.Node) -> Any:
        if id(node) not in self._values:
            if isinstance(node, yaml.MappingNode):
                value: Any = {self._value_of(key): self._value_of(child) for key, child in node.value}
            elif isinstance(node, yaml.SequenceNode):
                value = [self._value_of(child) for child in node.value]
            else:
                value = self._scalars.construct_object(node)
            self._values[id(node)] = value
        return self._values[id(node)]

    def _end(self, node: yaml.Node) -> int:
        """Where the node's own text ends: without the blank lines and comments that follow a block."""
        if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return self._end(last[1] if isinstance(last, tuple) else last)
        end: int = node.end_mark.index
        return node.start_mark.index + len(self._text[node.start_mark.index : end].rstrip())

    def _line_start(self, index: int) -> int:
        return self._text.rfind("\n", 0, index) + 1

    def _line_end(self, index: int) -> int:
        """After the line break of the line that holds `index`."""
        found = self._text.find("\n", index)
        return len(self._text) if found < 0 else found + 1

    def _replace(self, start: int, end: int, text: str) -> None:
        self._changes.append(_Change(start, end, text))

    def _node(self, node: yaml.Node, value: Any) -> None:
        if _same(self._value_of(node), value):
            return
        if isinstance(node, yaml.MappingNode) and isinstance(value, dict) and value:
            self._mapping(node, value)
        elif isinstance(node, yaml.SequenceNode) and isinstance(value, list) and value:
            self._sequence(node, value)
        else:
            self._whole(node, value)

    def _whole(self, node: yaml.Node, value: Any) -> None:
        """Put `value` in the place of all of the node."""
        start, column = node.start_mark.index, node.start_mark.column
        line = self._text[self._line_start(start) : start]
        in_flow = self._is_in_flow(start)
        if in_flow:
            self._replace(start, self._end(node), _flow(value))
            return
        after_key = line.rstrip().endswith(":")
        indent = len(line) - len(line.lstrip(" "))
        indent += 2 * (len(line.lstrip(" ")) - len(line.lstrip(" ").lstrip("-").lstrip(" ")) > 0)
        if isinstance(node, yaml.ScalarNode) or (isinstance(node, yaml.CollectionNode) and node.flow_style):
            new = self._value_text(value, indent)
            space = "" if not after_key or line.endswith(" ") or new.startswith("\n") else " "
            if new.startswith("\n") and line.endswith(" "):
                start -= 1
            self._replace(start, self._end(node), space + new)
            return
        if isinstance(value, dict | list) and value:
            block = _indented(written({"x": value}).partition("\n")[2], 0).rstrip("\n")
            if not written({"x": value}).startswith("x:\n"):
                block = _flow(value)
            elif isinstance(value, dict):
                block = _indented(_dedented(block), column).lstrip(" ")
            else:
                block = _indented(block, column).lstrip(" ")
            self._replace(start, self._end(node), block)
            return
        # From a block to something on the line of its key.
        key_end = len(self._text[:start].rstrip())
        self._replace(key_end, self._end(node), " " + self._value_text(value, indent))

    def _is_in_flow(self, index: int) -> bool:
        return any(start < index < end for start, end in self._flows)

    def _find_flows(self, node: yaml.Node) -> None:
        if not isinstance(node, yaml.CollectionNode):
            return
        if node.flow_style:
            self._flows.append((node.start_mark.index, node.end_mark.index))
            return
        for child in node.value:
            for one in child if isinstance(child, tuple) else (child,):
                self._find_flows(one)

    def _value_text(self, value: Any, indent: int) -> str:
        """The text after `key:` of a mapping whose keys are indented by `indent`."""
        text = written({"x": value}).rstrip("\n")
        if text.startswith("x:\n"):
            return "\n" + _indented(text[3:], indent)
        head, _, rest = text[3:].partition("\n")
        return head + ("\n" + _indented(rest, indent) if rest else "")

    def _mapping(self, node: yaml.MappingNode, value: dict[str, Any]) -> None:
        entries = {str(key.value): (key, child) for key, child in node.value}
        gone, new = [key for key in entries if key not in value], [key for key in value if key not in entries]
        if not gone and not new:
            for key, (_, child) in entries.items():
                self._node(child, value[key])
            return
        if node.flow_style:
            self._flow_mapping(node, entries, value)
            return
        first = next(iter(entries))
        starts_line = not self._text[self._line_start(node.start_mark.index) : node.start_mark.index].strip()
        if (first in gone or (new and next(iter(value)) in new)) and not starts_line:
            self._whole(node, value)
            return
        for key, (name, child) in entries.items():
            if key in gone:
                start = self._line_start(name.start_mark.index)
                self._replace(start, self._line_end(max(self._end(child), name.end_mark.index)), "")
            else:
                self._node(child, value[key])
        before: str | None = None
        column = node.start_mark.column
        for key, one in value.items():
            if key in new:
                text = _indented(written({key: one}), column)
                if before is None:
                    place = self._line_start(node.start_mark.index)
                else:
                    name, child = entries[before]
                    place = self._line_end(max(self._end(child), name.end_mark.index))
                    if not self._text[:place].endswith("\n"):
                        text = "\n" + text
                self._insert(place, text)
            else:
                before = key

    def _insert(self, place: int, text: str) -> None:
        """Several texts at one place keep their order."""
        for number, change in enumerate(self._changes):
            if change.start == change.end == place:
                self._changes[number] = _Change(place, place, change.text + text)
                return
        self._replace(place, place, text)

    def _flow_mapping(
        self, node: yaml.MappingNode, entries: dict[str, tuple[yaml.Node, yaml.Node]], value: dict[str, Any]
    ) -> None:
        parts = []
        for key, one in value.items():
            if key in entries and _same(self._value_of(entries[key][1]), one):
                name, child = entries[key]
                parts.append(self._text[name.start_mark.index : self._end(child)])
            else:
                parts.append(_flow({key: one})[1:-1])
        self._replace(node.start_mark.index, self._end(node), "{" + ", ".join(parts) + "}")

    def _sequence(self, node: yaml.SequenceNode, value: list[Any]) -> None:
        old = [self._value_of(child) for child in node.value]
        if node.flow_style:
            self._flow_sequence(node, old, value)
            return
        keys = [[json.dumps(_plain(one), default=str) for one in each] for each in (old, value)]
        for kind, a, b, c, d in SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_opcodes():
            if kind == "equal":
                continue
            paired = min(b - a, d - c)
            for number in range(paired):
                self._node(node.value[a + number], value[c + number])
            for child in node.value[a + paired : b]:
                start = self._line_start(self._dash(child))
                self._replace(start, self._line_end(self._end(child)), "")
            if c + paired < d:
                text = _indented(written({"x": value[c + paired : d]})[3:], node.start_mark.column)
                text = text if not text.lstrip(" ").startswith("[") else self._items(value[c + paired : d], node)
                last = a + paired
                place = (
                    self._line_end(self._end(node.value[last - 1]))
                    if last
                    else self._line_start(self._dash(node.value[0]))
                )
                if not self._text[:place].endswith("\n") and place:
                    text = "\n" + text
                self._insert(place, text)

    def _items(self, values: list[Any], node: yaml.SequenceNode) -> str:
        return "".join(f"{' ' * node.start_mark.column}- {_flow(one)}\n" for one in values)

    def _dash(self, child: yaml.Node) -> int:
        return self._text.rfind("-", 0, child.start_mark.index)

    def _flow_sequence(self, node: yaml.SequenceNode, old: list[Any], value: list[Any]) -> None:
        if len(old) == len(value):
            for child, one in zip(node.value, value, strict=True):
                self._node(child, one)
            return
        known = {json.dumps(_plain(one), default=str): child for one, child in zip(old, node.value, strict=True)}
        parts = []
        for one in value:
            found = known.get(json.dumps(_plain(one), default=str))
            parts.append(self._text[found.start_mark.index : self._end(found)] if found is not None else _flow(one))
        self._replace(node.start_mark.index, self._end(node), "[" + ", ".join(parts) + "]")


def _indented(text: str, columns: int) -> str:
    return "".join((" " * columns + line) if line.strip() else line for line in text.splitlines(keepends=True))


def _dedented(text: str) -> str:
    return "".join(line.removeprefix("  ") for line in text.splitlines(keepends=True))
