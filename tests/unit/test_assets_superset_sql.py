"""A dataset's SQL is rendered as Superset does it, with filters set and unset."""

from __future__ import annotations

import pytest

from aspects.assets.superset_sql import SqlTemplateError, renderings, where_in


def test_every_filter_alone_and_all_together() -> None:
    sql = (
        "select 1 where true"
        "{% if filter_values('org') %} and org in {{ filter_values('org') | where_in }}{% endif %}"
        "{% if from_dttm %} and day >= '{{ from_dttm }}'{% endif %}"
    )

    found = {rendered.filters: rendered.sql for rendered in renderings(sql, {"org": "String"})}

    assert found[()] == "select 1 where true"
    assert found["org",] == "select 1 where true and org in ('one', 'it''s two')"
    assert found["from_dttm",] == "select 1 where true and day >= '2024-01-01T00:00:00'"
    assert found["from_dttm", "org"].endswith("and org in ('one', 'it''s two') and day >= '2024-01-01T00:00:00'")


def test_a_filter_that_only_matters_when_another_is_set_is_found() -> None:
    sql = "{% if filter_values('org') %}{% if filter_values('run') %}both{% endif %}{% endif %}"

    assert {rendered.sql for rendered in renderings(sql, {})} == {"", "both"}


def test_a_number_is_not_quoted() -> None:
    sql = "{{ filter_values('attempts') | where_in }}"

    assert [rendered.sql for rendered in renderings(sql, {"attempts": "UInt32"})] == ["()", "(1, 2)"]


def test_get_filters_and_get_time_filter() -> None:
    sql = (
        "{% for each in get_filters('org', remove_filter=True) %}{{ each.op }} {{ each.val | length }}{% endfor %}"
        "{% set time = get_time_filter('day') %}{{ time.from_expr or '' }}"
    )

    found = [rendered.sql for rendered in renderings(sql, {})]

    assert "IN 2" in found
    assert "'2024-01-01 00:00:00'" in found


@pytest.mark.parametrize(
    ("sql", "says", "line"),
    [
        ("select 1\n{% if %}", "Expected an expression", 2),
        ("select {{ 1 / 0 }}", "ZeroDivisionError", 0),
        ("select {{ ''.__class__.__mro__ }}", "unsafe", 0),
        ("select {{ no_such_function() }}", "no_such_function", 0),
    ],
)
def test_jinja_that_fails(sql: str, says: str, line: int) -> None:
    with pytest.raises(SqlTemplateError) as raised:
        renderings(sql, {})

    assert says in raised.value.message
    assert raised.value.line == line


def test_where_in_without_values() -> None:
    assert where_in([], default_to_none=True) is None
