"""YAML knows the line of every value."""

from __future__ import annotations

import pytest

from aspects.assets.yaml_lines import YamlError, parse

TEXT = """\
columns:
- column_name: org

- column_name: day
  type: Date
params: {x_axis: day,
  groupby: [org]}
"""


def test_values_have_lines() -> None:
    parsed = parse(TEXT)

    assert parsed.value["columns"][1] == {"column_name": "day", "type": "Date"}
    assert parsed.line("columns", 1) == 4
    assert parsed.line("columns", 1, "type") == 5
    assert parsed.line("params", "groupby") == 7
    assert parsed.line("params", "no such key") == 6


def test_a_key_that_is_written_twice_is_told() -> None:
    assert parse("a: 1\nb: 2\na: 3\n").repeated == (("a", 3),)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\nb: [2\nc: 3", 3),
        ("a: 1\n---\nb: 2", 2),
        ("a: &x [*x]", 1),
        ("a: !!python/object/apply:os.system ['true']", 1),
        ("a: 2026-99-99", 1),
        ("a: " + "[" * 90 + "]" * 90, 1),
        ("\x00", 1),
    ],
)
def test_hostile_or_broken_text_is_an_error_with_a_line(text: str, line: int) -> None:
    with pytest.raises(YamlError) as raised:
        parse(text)

    assert raised.value.line == line
