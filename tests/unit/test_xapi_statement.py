"""Which lines are valid statements, why others are refused, and that nothing makes the check fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aspects.xapi.statement import MAX_BYTES, REASONS, Refusal, Statement, check

VALID: dict[str, Any] = {
    "id": "a498685a-1e89-4067-99f6-5d65ca78a6dc",
    "actor": {
        "objectType": "Agent",
        "account": {"homePage": "http://lms.example", "name": "37f51bdc-278e-4e21-a727-8a28b447487f"},
    },
    "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
    "object": {"id": "http://lms.example/xblock/block-v1:O+C+R+type@video+block@1"},
    "timestamp": "2026-09-01T17:51:25.5+02:00",
}


def statement(**changes: Any) -> bytes:
    """The valid statement with other values; None leaves a property out."""
    return json.dumps({key: value for key, value in (VALID | changes).items() if value is not None}).encode()


def test_a_valid_statement_is_kept_as_it_came() -> None:
    text = statement()
    kept = check(b"  " + text + b" \r\n")
    assert isinstance(kept, Statement)
    assert kept.text == text
    assert UUID(int=kept.event_id) == UUID(VALID["id"])
    assert datetime.fromtimestamp(kept.emission_time / 1e6, UTC) == datetime(2026, 9, 1, 15, 51, 25, 500000, UTC)


@pytest.mark.parametrize(
    "actor",
    [
        {"mbox": "mailto:learner@example.com"},
        {"mbox_sha1sum": "ebd31e95054c018b10727ccffd2ef2ec3a016ee9"},
        {"openid": "https://openid.example/learner"},
        {"objectType": "Group", "member": [{"mbox": "mailto:learner@example.com"}]},
    ],
)
def test_an_actor_may_be_known_in_any_of_the_ways_of_the_specification(actor: dict[str, Any]) -> None:
    assert isinstance(check(statement(actor=actor)), Statement)


@pytest.mark.parametrize(
    "target",
    [
        {"id": "block-v1:O+C+R+type@sequential+block@1", "objectType": "Activity"},
        {"id": "http://lms.example/xblock/block-v1:O+C+R+type@problem+block@1", "objectType": "GroupActivity"},
        {"id": VALID["id"], "objectType": "StatementRef"},
        {"objectType": "Agent", "mbox": "mailto:learner@example.com"},
        {"objectType": "SubStatement", **{key: VALID[key] for key in ("actor", "verb", "object")}},
    ],
)
def test_an_object_may_be_of_any_type_that_open_edx_and_the_specification_have(target: dict[str, Any]) -> None:
    assert isinstance(check(statement(object=target)), Statement)


def test_an_unknown_verb_is_no_reason_to_refuse() -> None:
    assert isinstance(check(statement(verb={"id": "https://example.com/verbs/juggled"})), Statement)


@pytest.mark.parametrize(
    "text",
    ["2026-09-01T17:51:25Z", "2026-09-01T17:51:25.1234567+00:00", "20260901T175125Z", "2026-09-01T17:51-0530"],
)
def test_a_timestamp_may_have_any_form_of_iso_8601_that_names_a_moment(text: str) -> None:
    assert isinstance(check(statement(timestamp=text)), Statement)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": ', "json"),
        (b"nothing", "json"),
        (b'{"id": "\xff"}', "encoding"),
        (b"[]", "shape"),
        (b"17", "shape"),
        (b'{"a":' * 2000, "json"),
        (statement(response="x" * MAX_BYTES), "size"),
        (statement(id=None), "id.missing"),
        (statement(id="17"), "id.invalid"),
        (statement(id=17), "id.invalid"),
        (statement(id="{a498685a-1e89-4067-99f6-5d65ca78a6dc}"), "id.invalid"),
        (statement(actor=None), "actor.missing"),
        (statement(actor="learner"), "actor.invalid"),
        (statement(actor={}), "actor.invalid"),
        (statement(actor={"mbox": "learner@example.com"}), "actor.invalid"),
        (statement(actor={"mbox_sha1sum": "short"}), "actor.invalid"),
        (statement(actor={"account": {"name": "learner"}}), "actor.invalid"),
        (statement(actor={"account": {"homePage": "http://lms.example", "name": 17}}), "actor.invalid"),
        (statement(actor={"objectType": "Group", "member": []}), "actor.invalid"),
        (statement(actor={**VALID["actor"], "mbox": "mailto:learner@example.com"}), "actor.ambiguous"),
        (statement(verb=None), "verb.missing"),
        (statement(verb={"id": "completed"}), "verb.invalid"),
        (statement(verb=["completed"]), "verb.invalid"),
        (statement(object=None), "object.missing"),
        (statement(object={"id": "no iri"}), "object.invalid"),
        (statement(object={"objectType": ["Activity"], "id": "http://lms.example"}), "object.invalid"),
        (statement(object={"objectType": "StatementRef", "id": "http://lms.example"}), "object.invalid"),
        (statement(object={"objectType": "Agent"}), "object.invalid"),
        (statement(object={"objectType": "SubStatement", "actor": {}}), "object.invalid"),
        (statement(timestamp=None), "timestamp.missing"),
        (statement(timestamp="yesterday"), "timestamp.invalid"),
        (statement(timestamp=1756742400), "timestamp.invalid"),
        (statement(timestamp="2026-13-01T00:00:00Z"), "timestamp.invalid"),
        (statement(timestamp="2026-09-01T17:51:25-00:00"), "timestamp.invalid"),
        (statement(timestamp="٢٠٢٦-09-01T17:51:25Z"), "timestamp.invalid"),
        (statement(timestamp="2026-09-01T17:51:25"), "timestamp.zone"),
        (statement(timestamp="1815-12-10T00:00:00Z"), "timestamp.range"),
    ],
)
def test_what_is_no_valid_statement_is_refused_with_the_reason(line: bytes, reason: str) -> None:
    refusal = check(line)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason
    assert refusal.message.startswith(REASONS[reason])


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_check_fail(line: bytes) -> None:
    assert isinstance(check(line), Statement | Refusal)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.sampled_from(sorted(VALID)), ANYTHING)
def test_no_value_of_a_property_makes_the_check_fail(name: str, value: Any) -> None:
    assert isinstance(check(json.dumps(VALID | {name: value}).encode()), Statement | Refusal)
