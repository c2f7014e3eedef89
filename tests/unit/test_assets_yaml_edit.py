"""YAML is changed where its values change, and nowhere else."""

from __future__ import annotations

import copy
import difflib
import random
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from aspects.assets.yaml_edit import edited, written
from aspects.settings import ROOT

TEXT = """\
# Who is active.
version: 1.0.0
name: "Active"   # in quotes
sql: << query("active") >>
roles: [Instructor, Operator]
description: >-
  A long text that is
  folded by hand.

columns:
# the organization
- column_name: org
  type: String   # plain
- {column_name: day, type: Date}

params:
  metrics: [learners]
  nothing:
  list:
  - one
  - two
"""


def lines(before: str, after: str) -> list[str]:
    changes = difflib.ndiff(before.splitlines(), after.splitlines())
    return [line for line in changes if line[0] in "+-"]


@pytest.mark.parametrize(
    ("change", "diff"),
    [
        (lambda v: v.update(name="Busy"), ['- name: "Active"   # in quotes', "+ name: Busy   # in quotes"]),
        (lambda v: v["roles"].append("Student"), None),
        (lambda v: v["columns"][0].update(type="Int8"), ["-   type: String   # plain", "+   type: Int8   # plain"]),
        (lambda v: v["columns"][0].update(note="new"), ["+   note: new"]),
        (lambda v: v["columns"][1].update(note="new"), None),
        (lambda v: v["columns"].append({"column_name": "run", "type": "String"}), None),
        (lambda v: v["columns"].pop(1), ["- - {column_name: day, type: Date}"]),
        (lambda v: v["params"].pop("nothing"), ["-   nothing:"]),
        (lambda v: v["params"].update(nothing=4), ["-   nothing:", "+   nothing: 4"]),
        (lambda v: v["params"]["list"].insert(1, "between"), ["+   - between"]),
        (lambda v: v["params"].update(list=[]), ["-   list:", "+   list: []", "-   - one", "-   - two"]),
        (lambda v: v.pop("description"), None),
        (lambda v: v.update(last={"a": 1}), ["+ last: {a: 1}"]),
        (lambda v: v["params"].update(metrics={"a": {"b": [1, 2]}}), None),
    ],
)
def test_a_change_touches_its_own_lines(change: Any, diff: list[str] | None) -> None:
    value = yaml.safe_load(TEXT)
    change(value)

    after = edited(TEXT, value)

    assert yaml.safe_load(after) == value
    if diff is not None:
        assert [line.rstrip() for line in lines(TEXT, after)] == diff
    assert "# Who is active." in after
    assert len(lines(TEXT, after)) <= 7


def test_equal_values_change_nothing() -> None:
    assert edited(TEXT, yaml.safe_load(TEXT)) == TEXT


# A third of them: files of a kind have the same shapes, and each is changed at every one of its values.
@pytest.mark.parametrize("path", sorted((ROOT / "assets").rglob("*.yaml"))[::3], ids=lambda path: path.name)
def test_our_own_files_can_be_edited_anywhere(path: Any) -> None:
    text = path.read_text()
    value = yaml.safe_load(text)

    def places(node: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        found = [way] if way else []
        pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        return found + [one for key, child in pairs for one in places(child, (*way, key))]

    for way in random.sample(found := places(value), min(8, len(found))):
        for new in ("other text", 7, [1, {"a": "b"}], {"a": [1]}, None):
            changed = copy.deepcopy(value)
            node = changed
            for key in way[:-1]:
                node = node[key]
            if new is None:
                del node[way[-1]]
            else:
                node[way[-1]] = new
            after = edited(text, changed)
            assert yaml.safe_load(after) == changed, way
            assert len(lines(text, after)) < max(60, len(text.splitlines())), (way, new)


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers(-5, 5) | some.text(max_size=12),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text("ab", min_size=1), inner, max_size=3),
    max_leaves=10,
)


@settings(deadline=None, max_examples=100)
@given(some.dictionaries(some.text("abc", min_size=1), VALUES), some.dictionaries(some.text("abc", min_size=1), VALUES))
def test_the_edited_text_holds_the_value(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert yaml.safe_load(edited(written(old), new)) == new
