"""The fast engine against the real library: the same statements, or the same refusal, or it asks the library."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from aspects.logs.engine import IN_DOUBT, Answer
from aspects.logs.fast.engine import FastEngine
from aspects.logs.fast.kinds import KINDS, PROBLEM_CHECK
from aspects.logs.fast.knowledge import Users, read_users
from aspects.logs.fast.transformer import Transformer
from aspects.logs.reference import Knowledge, ReferenceEngine, install, ready
from aspects.settings import Settings, load
from tests.conftest import environments
from tests.integration.log_events import EXTRA, ODD, changed, of_every_kind

SEED = random.randrange(1 << 30)


class Pair:
    """Both engines, who know the same users: one by id, one by name, and one for all others."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        file = folder / "users.csv"
        file.write_text(
            "*,11111111-1111-4111-8111-111111111111\n7,22222222-2222-4222-8222-222222222222\n"
            "ada,33333333-3333-4333-8333-333333333333\n"
        )
        self.library = ReferenceEngine(settings, Knowledge(file, keep=False), 2)
        self._ours = Transformer(settings.lms_url, Users(None, read_users(file)), {})

    def differences(self, lines: list[bytes]) -> tuple[list[tuple[bytes, Answer, Answer]], int]:
        """Lines of which the two say different things, and of how many lines the fast engine is in doubt."""
        ours = [self._ours.answer(line) for line in lines]
        parts = [(start, lines[start : start + 200]) for start in range(0, len(lines), 200)]
        theirs = [answer for _, some in self.library.answers(parts) for answer in some]
        doubt = sum(answer is IN_DOUBT for answer in ours)
        return [
            (line, fast, known)
            for line, fast, known in zip(lines, ours, theirs, strict=True)
            if fast is not IN_DOUBT and meaning(fast) != meaning(known)
        ], doubt


def meaning(answer: Answer) -> Any:
    return answer.reason or [json.loads(one) for one in answer.statements]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    settings = load(state=tmp_path_factory.mktemp("state"), environments=environments())
    if not ready(settings):
        install(settings)
    made = Pair(settings, tmp_path_factory.mktemp("users"))
    yield made
    made.library.close()


def test_events_of_all_kinds_make_the_same_statements_and_the_library_is_never_asked(pair: Pair) -> None:
    events = of_every_kind(SEED)
    assert {event["name"] for event in events} == {*KINDS, PROBLEM_CHECK}
    assert len({*KINDS, PROBLEM_CHECK}) == 65
    differing, doubt = pair.differences([json.dumps(event).encode() for event in events])
    assert not differing, differing[0]
    assert doubt == 0


def test_odd_events_make_the_same_statements_or_are_refused_for_the_same_reason(pair: Pair) -> None:
    chance = Random(SEED)
    events = of_every_kind(SEED, each=3)
    differing, doubt = pair.differences([changed(chance.choice(events), chance) for _ in range(4000)])
    assert not differing, (SEED, differing[0])
    # Most changes do not matter, and an engine that is always in doubt would pass all the rest.
    assert doubt < 3000


def test_a_field_that_the_library_finds_anywhere_means_the_same_to_both(pair: Pair) -> None:
    """It looks some fields up at any depth, and fails on what it did not expect there."""
    events = of_every_kind(1, each=1)
    odd = [(name, value) for name in EXTRA for value in ({}, [], {"id": "x"}, "x")]
    lines = [json.dumps(event | {name: value}).encode() for event in events for name, value in odd]
    differing, _ = pair.differences(lines)
    assert not differing, differing[0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(ODD[1:]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@hypothesis(
    max_examples=15,
    deadline=None,
    # Each example is some dozens of lines: to make it smaller would take minutes, and the line is shown anyway.
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.lists(st.tuples(st.integers(0, 1 << 30), st.integers(0, 40), JSON), min_size=20, max_size=60))
def test_any_value_in_any_field_means_the_same_to_both(pair: Pair, changes: list[tuple[int, int, Any]]) -> None:
    events = of_every_kind(1, each=1)
    lines = []
    for which, place, value in changes:
        event = events[which % len(events)]
        inside = type(event["event"]) is str and event["event"].startswith("{")
        part = json.loads(event["event"]) if inside else event["event"]
        target = [event, event["context"], part][place % 3]
        if type(target) is dict:
            copied = target | {sorted(target)[place % len(target)]: value}
            event = [copied, event | {"context": copied}, event | {"event": copied}][place % 3]
        lines.append(json.dumps(event).encode())
    differing, _ = pair.differences(lines)
    assert not differing, differing[0]


def test_lines_that_are_no_events_are_refused_for_the_same_reason(pair: Pair) -> None:
    whole = json.dumps(of_every_kind(1, each=1)[0]).encode()
    lines = [
        whole[:100], whole[:-1], b"\xff" + whole, b"syslog: " + whole, "é: ".encode() + whole, whole + b" {",
        b"[pid: 9] GET / 200", "é".encode(), b"\xff", b"{}", b"[]", b'{"level": "info"}', b'{"event": NaN}', b"-",
        b'{"event":1,"name":"x"}', b'{"event":1,"name":["x"]}', b'{"data":{},"name":"play_video","time":"x"}',
        b'{"event":1,"name":"' + b"/a" * 300 + b'"}', b'{"event":' + b"1" * 5000 + b',"name":"x"}',
        b'{"event":"' + b"1" * 5000 + b'","name":"x"}', b'{"event":"' + b"[" * 2000 + b'","name":"x"}',
        b'{"a":' * 9000 + b"1" + b"}" * 9000, b"{" * 300_000, b'{"event": "a\x00b", "name": "x"}',
    ]  # fmt: skip
    differing, _ = pair.differences(lines)
    assert not differing, differing


def test_what_is_left_to_the_library_is_counted_and_stands_in_its_place(pair: Pair, tmp_path: Path) -> None:
    event = of_every_kind(1, each=1)[0]
    odd = event | {"time": "2026-02-01T10:00:00+02:00"}
    lines = [json.dumps(one).encode() for one in (event, odd, event | {"name": "edx.unheard.of"}, odd, event)]
    settings = load(state=tmp_path, environments=environments())
    engine = FastEngine(settings, Knowledge(), 2)
    try:
        ((_, answers),) = engine.answers([(None, lines)])
    finally:
        engine.close()
    assert engine.handed_over == 2
    assert Counter(answer.reason for answer in answers) == {"": 4, "event.unknown": 1}
    made = [json.loads(answer.statements[0]) for answer in (answers[0], answers[1])]
    assert answers[0] == answers[4]
    assert answers[1] == answers[3]
    # Both engines know a user whom neither had heard of by one UUID.
    assert made[0]["actor"] == made[1]["actor"]
    assert made[1]["timestamp"].startswith("2026-02-01T10:00:00")
