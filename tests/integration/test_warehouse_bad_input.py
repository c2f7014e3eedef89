"""Statements that are odd or wrong: each lands where it belongs, and its neighbours in the same insert are stored."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.integration.conftest import Warehouse
from tests.integration.statements import LMS, course, row_of, statement, store

ATTEMPT = "http://id.tincanapi.com/extension/attempt-id"
EVALUATED = "https://w3id.org/xapi/acrossx/verbs/evaluated"
NAVIGATED = "https://w3id.org/xapi/dod-isd/verbs/navigated"
NEVER_PUBLISHED = "course-v1:Nowhere+Odd+1"
PARENT = {"contextActivities": {"parent": [course(NEVER_PUBLISHED)]}}


def block(kind: str, **definition: Any) -> dict[str, Any]:
    """A block of a course that was never published."""
    return {"id": f"{LMS}/xblock/block-v1:Nowhere+Odd+1+type@{kind}+block@b", "definition": definition}


def around(warehouse: Warehouse, number: int, odd: dict[str, Any]) -> str:
    """Store a statement between two good ones, in one insert; the id of the odd one after both have arrived."""
    good = [statement(number + n, NAVIGATED, block("vertical"), context=PARENT) for n in (1, 2)]
    identity, time, _ = row_of(statement(number, NAVIGATED, {}))
    store(warehouse, [row_of(good[0]), (identity, time, json.dumps(odd)), row_of(good[1])])
    ids = ", ".join(f"'{each['id']}'" for each in good)
    assert warehouse.rows(f"select count() from reporting.events where event_id in ({ids})") == [(2,)]
    return str(identity)


@pytest.mark.parametrize(
    ("number", "verb", "target", "result", "read", "found"),
    [
        (
            900000,
            EVALUATED,
            block("problem"),
            {},
            "kind, attempt, success, score",
            ("problem_evaluated", None, None, None),
        ),
        (
            900010,
            EVALUATED,
            block("problem", extensions={ATTEMPT: "two"}),
            {"success": "maybe", "score": {"scaled": "high"}},
            "kind, attempt, success, score",
            ("problem_evaluated", None, None, None),
        ),
        (900020, NAVIGATED, block("sequential"), {}, "kind, course_key", ("navigation", NEVER_PUBLISHED)),
    ],
    ids=["without extensions", "of wrong types", "about an unknown block of a course that was never published"],
)
def test_an_odd_statement_is_an_event_with_holes(
    warehouse: Warehouse,
    number: int,
    verb: str,
    target: dict[str, Any],
    result: dict[str, Any],
    read: str,
    found: tuple[object, ...],
) -> None:
    event = around(warehouse, number, statement(number, verb, target, result=result, context=PARENT))
    assert warehouse.rows(f"select {read} from reporting.events where event_id = '{event}'") == [found]
    assert warehouse.rows(f"select count() from reporting.page_visits where course_key = '{NEVER_PUBLISHED}'") == [(0,)]


def test_a_clock_some_years_ahead_is_kept_as_it_is(warehouse: Warehouse) -> None:
    odd = statement(900030, NAVIGATED, block("vertical"), context=PARENT, timestamp="2098-01-01T00:00:00+00:00")
    event = around(warehouse, 900030, odd)
    assert warehouse.rows(f"select toYear(event_time) from reporting.events where event_id = '{event}'") == [(2098,)]


@pytest.mark.parametrize(
    ("number", "parts", "reason"),
    [
        (900040, {"timestamp": "2150-01-01T00:00:00+00:00"}, "timestamp out of range"),
        (900050, {"id": "statement 7"}, "id is no UUID"),
        (900060, {"actor": ["ada"]}, "no actor"),
    ],
)
def test_a_wrong_statement_is_refused_with_its_reason(
    warehouse: Warehouse, number: int, parts: dict[str, Any], reason: str
) -> None:
    odd = {**statement(number, NAVIGATED, block("vertical"), context=PARENT), **parts}
    event = around(warehouse, number, odd)
    asked = f"select reason from reporting.refused_statements where event_id = '{event}'"
    assert warehouse.rows(asked) == [(reason,)]
