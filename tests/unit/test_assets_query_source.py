"""SQL that was edited in Superset goes back into its file, with its includes and comments."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aspects.assets.query_source import put_back

FILTERS = "and org = 1\nand run = 2"
WRITTEN = """\
-- Who is active.
select org, day
from days
where
    true
    -- % include "filters"
order by day
"""


def render(text: str) -> str:
    return "".join(
        f"{FILTERS}\n" if "include" in line else line for line in text.replace("\r", "").splitlines(keepends=True)
    )


RENDERED = render(WRITTEN).strip()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (RENDERED, WRITTEN),
        (RENDERED.replace("select org, day", "select org, day, run"), WRITTEN.replace("org, day", "org, day, run")),
        (RENDERED + "\nlimit 5", WRITTEN + "limit 5\n"),
        (RENDERED.replace("    true\n", ""), WRITTEN.replace("    true\n", "")),
        (
            RENDERED.replace("and run = 2", "and run = 3"),
            WRITTEN.replace('    -- % include "filters"', "and org = 1\nand run = 3"),
        ),
        (
            RENDERED.replace("and run = 2", "and name = 4\nand run = 2"),
            WRITTEN.replace('    -- % include "filters"', "and org = 1\nand name = 4\nand run = 2"),
        ),
        ("select 1", "select 1\n"),
    ],
)
def test_what_did_not_change_stays_as_it_is_written(wanted: str, expected: str) -> None:
    assert put_back(WRITTEN, render, RENDERED, wanted) == expected


@given(some.lists(some.sampled_from([*RENDERED.splitlines(), "x", "y", "  z"]), min_size=1, max_size=12))
def test_the_new_file_renders_to_what_is_wanted(lines: list[str]) -> None:
    wanted = "\n".join(lines)

    text = put_back(WRITTEN, render, RENDERED, wanted)

    assert [line.rstrip() for line in render(text).strip("\n").splitlines()] == [line.rstrip() for line in lines]
