"""Which statements the LRS takes: xAPI 1.0.3, part two. Each refusal names a rule of the section beside it."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from aspects_lrs.equality import equal
from aspects_lrs.reading import shown_as
from aspects_lrs.rows import row_of
from aspects_lrs.validation import InvalidError, check_statement
from hypothesis import given
from hypothesis import strategies as st

from aspects.settings import ROOT

ADA: dict[str, Any] = {"objectType": "Agent", "account": {"homePage": "https://lms.example", "name": "ada"}}
BEN: dict[str, Any] = {"mbox": "mailto:ben@example.org"}
VALID: dict[str, Any] = {
    "id": "7ccd3322-e1a5-411a-a67d-6a735c76f119",
    "actor": ADA,
    "verb": {"id": "http://adlnet.gov/expapi/verbs/answered", "display": {"en-US": "answered"}},
    "object": {
        "objectType": "Activity",
        "id": "https://lms.example/q1",
        "definition": {
            "name": {"en": "A question"},
            "type": "http://adlnet.gov/expapi/activities/cmi.interaction",
            "interactionType": "choice",
            "correctResponsesPattern": ["a"],
            "choices": [{"id": "a", "description": {"en": "Yes"}}, {"id": "b"}],
            "extensions": {"https://lms.example/any": None},
        },
    },
    "result": {"score": {"scaled": 0.5, "raw": 5, "min": 0, "max": 10}, "success": True, "duration": "PT1M30.5S"},
    "context": {
        "registration": "ec531277-b57b-4c15-8d91-d292c5b2b8f7",
        "instructor": BEN,
        "team": {"objectType": "Group", "member": [BEN]},
        "contextActivities": {"parent": {"id": "https://lms.example/c"}, "grouping": [{"id": "https://lms.example/g"}]},
        "language": "de-CH",
        "platform": "LMS",
        "statement": {"objectType": "StatementRef", "id": "6690e6c9-3ef0-4ed3-8b37-7f3964730bee"},
    },
    "timestamp": "2025-03-03T09:07:00.137+01:00",
    "version": "1.0.3",
    "attachments": [
        {
            "usageType": "http://id.tincanapi.com/attachment/supporting_media",
            "display": {"en": "A picture"},
            "contentType": "image/png",
            "length": 27,
            "sha2": "a" * 64,
            "fileUrl": "https://lms.example/picture.png",
        }
    ],
}


def changed(path: str, value: Any = ...) -> dict[str, Any]:
    """The valid statement with one part in another form, or without it."""
    statement = deepcopy(VALID)
    *way, last = [int(name) if name.isdigit() else name for name in path.split(".")]
    place: Any = statement
    for name in way:
        place = place[name]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return statement


def test_a_statement_with_every_part_is_valid() -> None:
    check_statement(VALID)


@pytest.mark.parametrize(
    "line", (ROOT / "tests" / "data" / "one-per-kind.jsonl").read_text().splitlines(), ids=lambda _: "statement"
)
def test_every_kind_that_open_edx_sends_is_valid(line: str) -> None:
    check_statement(json.loads(line))


@pytest.mark.parametrize(
    ("path", "value", "place"),
    [
        # 2.2 and 4.1: no unknown names, no nulls, names as they are written
        ("extra", 1, "extra"),
        ("Actor", ADA, "Actor"),
        ("verb.display.en-US", None, "verb.display.en-US"),
        ("result.response", None, "result.response"),
        # 2.4.1 id, 2.4.7 timestamp, 2.4.10 version
        ("id", "7ccd3322e1a5411aa67d6a735c76f119", "id"),
        ("id", 7, "id"),
        ("timestamp", "yesterday", "timestamp"),
        ("timestamp", "2025-13-03T09:07:00Z", "timestamp"),
        ("timestamp", "2025-03-03T09:07:00-00:00", "timestamp"),
        ("version", "2.0.0", "version"),
        ("stored", 0, "stored"),
        # 2.4.2 actor
        ("actor", ..., "actor"),
        ("actor", "ada", "actor"),
        ("actor", {"objectType": "Agent", "name": "Ada"}, "actor"),
        ("actor", {**ADA, **BEN}, "actor"),
        ("actor", {"objectType": "Group"}, "actor"),
        ("actor", {"objectType": "Group", "member": []}, "actor"),
        ("actor", {"objectType": "Group", "member": [{"objectType": "Group", **BEN}]}, "actor.member.0.objectType"),
        ("actor", {"objectType": "Person", **BEN}, "actor.objectType"),
        ("actor", {"mbox": "ben@example.org"}, "actor.mbox"),
        ("actor", {"mbox_sha1sum": "abc"}, "actor.mbox_sha1sum"),
        ("actor", {"openid": "ben"}, "actor.openid"),
        ("actor.account.homePage", "lms", "actor.account.homePage"),
        ("actor.account.name", ..., "actor.account.name"),
        # 2.4.3 verb
        ("verb", ..., "verb"),
        ("verb", {}, "verb.id"),
        ("verb.id", "answered", "verb.id"),
        ("verb.display", {"not a tag!": "answered"}, "verb.display.not a tag!"),
        ("verb.display", "answered", "verb.display"),
        # 2.4.4 object
        ("object", ..., "object"),
        ("object", {"objectType": "Thing", "id": "https://lms.example"}, "object.objectType"),
        ("object.id", "q1", "object.id"),
        ("object.definition.type", "question", "object.definition.type"),
        ("object.definition.interactionType", "guess", "object.definition.interactionType"),
        ("object.definition.interactionType", ..., "object.definition.interactionType"),
        ("object.definition.choices.1.id", "a", "object.definition.choices"),
        ("object.definition.scale", [], "object.definition.scale"),
        ("object.definition.extensions", {"no-iri": 1}, "object.definition.extensions.no-iri"),
        ("object", {"objectType": "StatementRef", "id": "x"}, "object.id"),
        ("object", {"objectType": "StatementRef", "id": VALID["id"]}, "context.platform"),
        ("object", {"objectType": "SubStatement", "actor": ADA, "verb": VALID["verb"]}, "object.object"),
        (
            "object",
            {"objectType": "SubStatement", "actor": ADA, "verb": VALID["verb"], "object": ADA, "id": VALID["id"]},
            "object.id",
        ),
        (
            "object",
            {
                "objectType": "SubStatement",
                "actor": ADA,
                "verb": VALID["verb"],
                "object": {"objectType": "SubStatement", "actor": ADA, "verb": VALID["verb"], "object": ADA},
            },
            "object.object",
        ),
        # 2.4.5 result
        ("result.score.scaled", 1.1, "result.score.scaled"),
        ("result.score.raw", 11, "result.score.raw"),
        ("result.score.min", 10, "result.score"),
        ("result.score.raw", "5", "result.score.raw"),
        ("result.score.raw", True, "result.score.raw"),
        ("result.success", "true", "result.success"),
        ("result.duration", "90 seconds", "result.duration"),
        ("result.duration", "PT", "result.duration"),
        # 2.4.6 context
        ("context.registration", "x", "context.registration"),
        ("context.team", BEN, "context.team"),
        ("context.contextActivities.cousin", [], "context.contextActivities.cousin"),
        ("context.contextActivities.grouping", [{"definition": {}}], "context.contextActivities.grouping.0.id"),
        ("context.language", "Swiss German", "context.language"),
        ("context.statement", {"id": VALID["id"]}, "context.statement.objectType"),
        # 2.4.9 authority, 2.4.11 attachments
        ("authority", {"objectType": "Group", "member": [BEN]}, "authority"),
        ("attachments.0.sha2", ..., "attachments.0.sha2"),
        ("attachments.0.length", -1, "attachments.0.length"),
        ("attachments", {}, "attachments"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_place(path: str, value: Any, place: str) -> None:
    with pytest.raises(InvalidError) as refused:
        check_statement(changed(path, value))
    assert refused.value.place == place


def test_a_statement_that_voids_names_a_statement() -> None:
    voiding = {"actor": ADA, "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}, "object": ADA}
    with pytest.raises(InvalidError, match="StatementRef"):
        check_statement(voiding)
    check_statement(voiding | {"object": {"objectType": "StatementRef", "id": VALID["id"]}})


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*VALID, "objectType", "member"]), inner),
    )
)
def test_anything_else_is_refused_and_nothing_breaks(value: Any) -> None:
    with pytest.raises(InvalidError):
        check_statement(value)


def test_nesting_has_an_end() -> None:
    deep: Any = None
    for _ in range(200):
        deep = [deep]
    check_statement(changed("result.extensions", {"https://lms.example/a": {"b": [None]}}))
    with pytest.raises(InvalidError, match="nested"):
        check_statement(changed("result.extensions", {"https://lms.example/a": deep}))


@pytest.mark.parametrize(
    ("path", "value", "same"),
    [
        ("verb.display", {"de": "beantwortet"}, True),
        ("object.definition.name", {"de": "Eine Frage"}, True),
        ("object.definition.description", {"de": "Eine Frage"}, True),
        ("object.definition.extensions", {"https://lms.example/any": "verified"}, False),
        ("object.definition.type", "http://adlnet.gov/expapi/activities/course", False),
        ("object.objectType", ..., True),
        ("timestamp", "2025-03-03T08:07:00.137Z", True),
        ("timestamp", ..., True),
        ("timestamp", "2025-03-03T08:07:00.138Z", False),
        ("stored", "2025-03-03T08:07:00.137Z", True),
        ("stored", VALID["timestamp"], True),
        ("authority", BEN, True),
        ("version", "1.0.0", True),
        ("actor.account.name", "ben", False),
        ("result.success", False, False),
        ("result", ..., False),
        ("context.team.member", [ADA, BEN], False),
    ],
)
def test_what_makes_another_statement(path: str, value: Any, same: bool) -> None:
    assert equal(changed(path, value), VALID) is same
    assert equal(VALID, changed(path, value)) is same


def test_a_row_is_the_id_the_time_and_the_text() -> None:
    row = row_of({"id": VALID["id"], "timestamp": "1970-01-01T00:00:01Z", "name": "é"})
    assert row[:8] == bytes.fromhex("7ccd3322e1a5411a")[::-1]
    assert row[8:16] == bytes.fromhex("a67d6a735c76f119")[::-1]
    assert row[16:24] == (1_000_000).to_bytes(8, "little")
    assert row[24] == len(row[25:])
    assert json.loads(row[25:])["name"] == "é"


def test_half_a_character_does_not_cost_the_statement() -> None:
    assert b"\\ud800" in row_of({"id": VALID["id"], "timestamp": "1970-01-01T00:00:01Z", "name": "\ud800"})


def test_forms_of_a_statement() -> None:
    assert shown_as(VALID, "exact", []) == VALID
    ids = shown_as(VALID, "ids", [])
    assert ids["verb"] == {"id": VALID["verb"]["id"]}
    assert ids["object"] == {"objectType": "Activity", "id": VALID["object"]["id"]}
    assert ids["context"]["contextActivities"] == VALID["context"]["contextActivities"]
    two = changed("verb.display", {"en": "answered", "de-CH": "beantwortet"})
    assert shown_as(two, "canonical", ["fr", "de"])["verb"]["display"] == {"de-CH": "beantwortet"}
    assert shown_as(two, "canonical", ["fr"])["verb"]["display"] == {"en": "answered"}
