"""Faults on the way: what was to be stored is there all the same, and what is broken is counted."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from aspects.errors import AspectsError
from aspects.fake.course import Scenario
from aspects.fake.faults import REASONS, USUAL, Faults, break_statement, disturb, mark_of, parse
from aspects.fake.generate import Chunk, chunks
from aspects.fake.truth import Truth
from aspects.xapi.statement import Refusal, check

SCENARIO = Scenario(seed=5, end=date(2026, 3, 2), lms_url="http://lms.example")
COUNT = 15_000


def disturbed(faults: Faults) -> list[Chunk]:
    return list(disturb(chunks(SCENARIO, COUNT), faults, SCENARIO, COUNT))


def lines_of(found: list[Chunk]) -> list[bytes]:
    return [text for chunk in found for text in chunk.texts]


@pytest.fixture(scope="module")
def clean() -> list[bytes]:
    return lines_of(list(chunks(SCENARIO, COUNT)))


def truth_of(found: list[Chunk]) -> Truth:
    total = Truth()
    for chunk in found:
        total.add(chunk.truth)
    return total


def falls(times: list[str]) -> int:
    """How often one comes before the one that stands before it."""
    return sum(1 for first, second in pairwise(times) if second < first)


def test_every_statement_arrives_and_some_arrive_twice(clean: list[bytes]) -> None:
    found = lines_of(disturbed(Faults(duplicates=0.02, late=0.05, disorder=0.05)))
    assert set(found) == set(clean)
    assert 0.01 * COUNT < len(found) - COUNT < 0.03 * COUNT


def test_late_statements_come_after_those_of_other_learners(clean: list[bytes]) -> None:
    found = lines_of(disturbed(Faults(late=0.05)))
    assert sorted(found) == sorted(clean)
    before = {text: place for place, text in enumerate(clean)}
    moved = [place - before[text] for place, text in enumerate(found)]
    assert sum(1 for places in moved if places > 1000) > 0.02 * COUNT


def test_statements_out_of_order_move_a_little(clean: list[bytes]) -> None:
    found = lines_of(disturbed(Faults(disorder=0.1)))
    assert sorted(found) == sorted(clean)
    times = [json.loads(text)["timestamp"] for text in found]
    before = [json.loads(text)["timestamp"] for text in clean]
    assert falls(times) > falls(before) + 0.05 * COUNT


def test_the_truth_stays_and_broken_statements_are_counted_by_reason() -> None:
    plain = truth_of(list(chunks(SCENARIO, COUNT))).measures()
    found = disturbed(Faults(duplicates=0.02, late=0.05, disorder=0.05, malformed=0.01))
    true = truth_of(found).measures()
    refused = true.pop("refused_statements")
    assert plain.pop("refused_statements") == []
    assert true == plain
    assert {row["reason"] for row in refused} == set(REASONS)
    broken = [text for text in lines_of(found) if isinstance(check(text), Refusal)]
    assert len(broken) == sum(int(str(row["value"])) for row in refused)
    assert 0.005 * COUNT < len(broken) < 0.015 * COUNT


def test_ids_of_broken_statements_are_their_own_and_begin_with_the_run_s_mark() -> None:
    faults = Faults(malformed=0.01)
    found = disturbed(faults)
    own = [f"{identifier:032x}" for chunk in found for identifier in chunk.own_ids.values()]
    mark = mark_of(SCENARIO, COUNT, faults).replace("-", "")
    assert own
    assert len(set(own)) == len(own)
    assert all(identifier.startswith(mark) for identifier in own)
    assert mark_of(SCENARIO, COUNT + 1, faults).replace("-", "") != mark
    for chunk in found:
        assert len(chunk.ids) == len(chunk.times) == len(chunk.texts)


@pytest.mark.parametrize(
    ("reason", "refusal"),
    [
        ("invalid JSON", "json"),
        ("no id", "id.missing"),
        ("no timestamp", "timestamp.missing"),
        ("no actor", "actor.missing"),
        ("verb is no IRI", "verb.invalid"),
    ],
)
def test_a_broken_statement_is_refused_for_its_reason(clean: list[bytes], reason: str, refusal: str) -> None:
    for text in clean[:300]:
        kept = check(break_statement(text, reason))
        assert isinstance(kept, Refusal)
        assert kept.reason == refusal


def test_the_same_faults_come_again_with_any_number_of_workers() -> None:
    again = list(disturb(chunks(SCENARIO, COUNT, workers=2), USUAL, SCENARIO, COUNT))
    assert lines_of(again) == lines_of(disturbed(USUAL))


def test_faults_are_written_as_shares() -> None:
    assert parse("duplicates=0.5, late=0.25") == Faults(duplicates=0.5, late=0.25)


@pytest.mark.parametrize("text", ["late", "late=2", "late=-0.1", "late=x", "lost=0.1", "late=0.1,,"])
def test_what_is_no_fault_is_named(text: str) -> None:
    with pytest.raises(AspectsError, match="is no fault"):
        parse(text)


def test_every_broken_statement_makes_one_line(clean: list[bytes]) -> None:
    kinds = Counter(b"\n" in break_statement(text, reason) for text in clean[:100] for reason in REASONS)
    assert kinds == {False: 100 * len(REASONS)}
