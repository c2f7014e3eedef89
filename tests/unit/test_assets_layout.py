"""The short way to write a dashboard's layout and Superset's long one say the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aspects.assets.layout import LayoutError, NotExpressibleError, collapse, expand

CHARTS = {
    "enrollees": ("11111111-0000-4000-8000-00000000000a", "Current enrollees"),
    "grades": ("11111111-0000-4000-8000-00000000000b", "Grades"),
}
STEMS = {uuid: stem for stem, (uuid, _) in CHARTS.items()}


def test_a_row_of_charts() -> None:
    layout = [
        {"row": [{"chart": "enrollees", "width": 4, "height": 20}, {"chart": "grades", "width": 8, "height": 20}]}
    ]

    position = expand(layout, "Course Dashboard", CHARTS)

    assert position["GRID_ID"]["children"] == ["ROW"]
    assert position["ROW"]["children"] == ["CHART-enrollees", "CHART-grades"]
    chart = position["CHART-grades"]
    assert chart["parents"] == ["ROOT_ID", "GRID_ID", "ROW"]
    assert (chart["meta"]["uuid"], chart["meta"]["width"]) == (CHARTS["grades"][0], 8)
    assert position["HEADER_ID"]["meta"]["text"] == "Course Dashboard"


def test_a_chart_may_stand_twice() -> None:
    cell = {"chart": "grades", "width": 6, "height": 20}

    position = expand([{"row": [cell, {**cell, "title": "Once more"}]}], "Twice", CHARTS)

    assert position["ROW"]["children"] == ["CHART-grades", "CHART-grades-2"]
    assert position["CHART-grades-2"]["meta"]["sliceNameOverride"] == "Once more"


def test_tabs_that_hold_everything_hang_on_the_root() -> None:
    layout = [
        {"tabs": [{"tab": "Grades & more", "content": [{"row": [{"chart": "grades", "width": 12, "height": 30}]}]}]}
    ]

    position = expand(layout, "Tabs", CHARTS)

    assert position["ROOT_ID"]["children"] == ["TABS"]
    assert position["TABS"]["children"] == ["TAB-grades-more"]
    assert collapse(position, STEMS) == layout


@pytest.mark.parametrize(
    ("layout", "says", "path"),
    [
        (
            [{"row": [{"chart": "nothing", "width": 4, "height": 9}]}],
            "no chart file 'nothing'",
            ("_layout", 0, "row", 0, "chart"),
        ),
        ([{"row": [{"chart": "grades", "width": 13, "height": 9}]}], "from 1 to 12", ("_layout", 0, "row", 0, "width")),
        ([{"row": [{"chart": "grades", "width": 12}]}], "height", ("_layout", 0, "row", 0, "height")),
        ([{"row": [{"chart": "grades", "width": 7, "height": 9}] * 2}], "add up to 14", ("_layout", 0, "row")),
        ([{"row": []}], "list of charts", ("_layout", 0, "row")),
        ([{"rows": []}], "exactly one of", ("_layout", 0)),
        ([{"header": "Grades", "colour": "red"}], "no key 'colour'", ("_layout", 0)),
        ([{"header": "Grades", "size": "huge"}], "none of: small, medium, large", ("_layout", 0, "size")),
        ([{"tabs": [{"tab": "One"}]}], "list of rows", ("_layout", 0, "tabs", 0, "content")),
        (["grades"], "exactly one of", ("_layout", 0)),
    ],
)
def test_a_mistake_is_shown_where_it_is(layout: list[Any], says: str, path: tuple[str | int, ...]) -> None:
    with pytest.raises(LayoutError) as raised:
        expand(layout, "Wrong", CHARTS)

    assert says in raised.value.message
    assert raised.value.path == path


def test_a_position_with_a_foreign_part_is_not_cut_short() -> None:
    position = expand([{"row": [{"chart": "grades", "width": 6, "height": 20}]}], "Foreign", CHARTS)
    position["ROW"]["children"].append("DYNAMIC-1")
    position["DYNAMIC-1"] = {"id": "DYNAMIC-1", "type": "DYNAMIC", "children": [], "meta": {}}

    with pytest.raises(NotExpressibleError):
        collapse(position, STEMS)


def cells(width: int) -> some.SearchStrategy[dict[str, Any]]:
    heights = some.integers(1, 100)
    chart = some.fixed_dictionaries(
        {"chart": some.sampled_from(sorted(CHARTS)), "width": some.just(width), "height": heights},
        optional={"title": some.text(min_size=1)},
    )
    text = some.fixed_dictionaries({"markdown": some.text(), "width": some.just(width), "height": heights})
    return chart | text


def rows() -> some.SearchStrategy[dict[str, Any]]:
    column = some.fixed_dictionaries({"column": some.lists(cells(3), max_size=2), "width": some.just(3)})
    return some.fixed_dictionaries(
        {"row": some.lists(cells(3) | column, min_size=1, max_size=4)}, optional={"background": some.just("white")}
    )


HEADERS = some.fixed_dictionaries({"header": some.text()}, optional={"size": some.sampled_from(["small", "large"])})
BLOCKS = some.lists(rows() | HEADERS | some.just({"divider": True}), max_size=4)
TABS = some.fixed_dictionaries(
    {"tabs": some.lists(some.fixed_dictionaries({"tab": some.text(), "content": BLOCKS}), min_size=1, max_size=3)}
)


@settings(deadline=None)
@given(some.lists(BLOCKS.map(list) | TABS.map(lambda tabs: [tabs]), max_size=3))
def test_both_ways_say_the_same(parts: list[list[Any]]) -> None:
    layout = [block for part in parts for block in part]

    assert collapse(expand(layout, "Any", CHARTS), STEMS) == layout
