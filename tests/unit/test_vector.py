"""Vector's configuration: ours is sound and does what its tests say; mistakes are found in their place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aspects.errors import AspectsError
from aspects.logs.engine import Answer
from aspects.logs.vector_engine import ThroughVector
from aspects.settings import ROOT
from aspects.vector.check import check, unknown_types
from aspects.vector.configuration import Finding, read
from aspects.vector.program import diagnose
from aspects.vector.testing import run
from aspects.vector.topology import Topology

OURS = ROOT / "vector"
STATEMENT = '{"id": "5f3b4d3a-0000-4000-8000-00000000000a", "timestamp": "2026-02-01T10:00:00Z"}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of ours, to spoil."""
    return Path(shutil.copytree(OURS, tmp_path / "vector"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def only(folder: Path) -> Finding:
    (found,) = check(read(folder))
    return found


def test_ours_is_sound_and_all_of_its_types_are_known() -> None:
    configuration = read(OURS)
    assert check(configuration) == []
    assert unknown_types(configuration) == []
    outcomes = run(configuration)
    assert len(outcomes) >= 8
    assert [outcome for outcome in outcomes if outcome.failures] == []


def test_a_program_that_does_not_compile_is_told_in_the_words_of_the_compiler(folder: Path) -> None:
    change(folder / "transforms/events.yaml", "string!(.message)", "string(.message)")
    found = only(folder)
    assert (found.file, found.line) == ("transforms/events.yaml", 10)
    assert "error[E630]: fallible argument" in found.message
    assert "this expression can fail" in found.message


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "message"),
    [
        ("transforms/timestamps.yaml", "[statements]", "[statement]", 5, "reads 'statement', which no component gives"),
        ("transforms/dead_letters.yaml", "timestamps.dropped", "kinds.dropped", 5, "'kinds.dropped'"),
        ("sinks/statements.yaml", "compression:", "compresion:", 14, "clickhouse has no option 'compresion'"),
        ("sinks/console.yaml", "type: console", "typ: console", 3, "'console' has no type"),
        ("transforms/timestamps.yaml", "type: remap", "type: lua", 4, "of type 'lua'"),
        ("transforms/kinds.yaml", "contains(string(.message)", "contains((.message)", 8, "does not compile"),
        ("tests/events.yaml", "extract_from: events", "extract_from: event", 9, "names 'event'"),
        ("tests/events.yaml", "assert_eq!(.message,", "assert_eq(.message,", 11, "does not compile"),
        ("sources/http.yaml", "sources:", "sinks:", 2, "'sinks' has no place in sources/"),
        ("sources/file.yaml", "logs_file:", "logs_docker:", 3, "'logs_docker' is in sources/docker.yaml, too"),
        ("sources/file.yaml", "sources:", "sources: [", 3, "It cannot be read"),
    ],
)
def test_a_mistake_is_found_where_it_is(folder: Path, file: str, old: str, new: str, line: int, message: str) -> None:
    change(folder / file, old, new)
    found = [each for each in check(read(folder)) if each.file == file]
    assert found
    assert found[0].line == pytest.approx(line, abs=1)
    assert message in found[0].message


def test_a_circle_is_found(folder: Path) -> None:
    change(folder / "transforms/kinds.yaml", '["logs_*"]', "[events]")
    found = only(folder)
    assert (found.file, found.line) == ("transforms/events.yaml", 5)
    assert "Events go in a circle: " in found.message


def test_a_folder_without_a_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AspectsError) as error:
        read(tmp_path)
    assert error.value.code == "vector.folder"


def test_a_test_that_does_not_hold_says_what_came(folder: Path) -> None:
    change(folder / "tests/statements.yaml", '"2026-02-01 08:00:00.500000"', '"2026-02-01 10:00:00.500000"')
    (failed,) = [each for each in run(read(folder)) if each.failures]
    assert failed.name == "a statement gets the raw table's columns"
    assert "2026-02-01 08:00:00.500000" in failed.failures[0]


def topology(folder: Path, transforms: dict[str, Any]) -> Topology:
    (folder / "transforms").mkdir()
    (folder / "transforms/all.yaml").write_text(json.dumps({"transforms": transforms}))
    return Topology(read(folder))


def test_events_go_as_vector_sends_them(tmp_path: Path) -> None:
    """A route may send one to several outputs; an array is several events; what fails goes on unless it is dropped."""
    routes = {"even": "mod(int!(.n), 2) == 0", "large": "int!(.n) > 9", "odd one": ".nothing.there == 1"}
    made = topology(
        tmp_path,
        {
            "first": {"type": "route", "inputs": [], "route": routes},
            "copies": {"type": "remap", "inputs": ["first.even"], "source": '. = [., {"n": -1}]'},
            "careless": {"type": "remap", "inputs": ["first.large"], "source": ".n = parse_json!(.n)"},
            "aborting": {"type": "remap", "inputs": ["first.large"], "source": "abort"},
            "small": {"type": "filter", "inputs": ["copies"], "condition": "int!(.n) < 0"},
        },
    )
    given = made.run("first", {"n": 10})
    assert {name: [event["n"] for event in events] for name, events in given.items()} == {
        "first.even": [10],
        "first.large": [10],
        "copies": [10, -1],
        "careless": [10],
        "small": [-1],
    }
    assert made.run("first", {"n": 7}) == {"first._unmatched": [{"n": 7}]}


class Asked:
    """An engine that keeps what it is asked, and refuses all of it."""

    handed_over = 0

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def answers(self, batches: Iterable[tuple[Any, Sequence[bytes]]]) -> Iterator[tuple[Any, list[Answer]]]:
        for mark, lines in batches:
            self.lines += lines
            yield mark, [Answer(reason="asked") for _ in lines]

    def close(self) -> None:
        """Nothing is open."""


def look(*lines: bytes) -> tuple[list[Answer], list[bytes]]:
    engine = Asked()
    ((mark, answers),) = ThroughVector(OURS, engine).answers([("mark", lines)])
    assert mark == "mark"
    return answers, engine.lines


def test_lines_become_events_statements_and_reasons_in_their_order() -> None:
    event = b'{"event_type": "page_close", "time": "2026-02-01T10:00:00+00:00"}'
    answers, asked = look(
        b"INFO 7 [tracking] [user 3] logger.py:41 - " + event,
        b"GET /heartbeat 200",
        b"INFO [xapi_tracking] " + STATEMENT.encode(),
        b'[tracking] {"event_type": ',
        b"\xff [tracking]",
    )
    assert asked == [event, b"GET /heartbeat 200", b"-", b"-", b"\xff [tracking]"]
    assert [answer.reason for answer in answers] == ["asked", "asked", "", "json", "asked"]
    assert answers[2].statements == (STATEMENT.encode(),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.booleans())
def test_an_event_reaches_the_engine_to_the_letter(extra: dict[str, Any], ascii_only: bool) -> None:
    """Whatever is in it: numbers keep their digits, and texts their escapes."""
    event = {**extra, "event_type": "page_close", "time": "2026-02-01T10:00:00+00:00"}
    text = json.dumps(event, ensure_ascii=ascii_only).encode(errors="surrogatepass")
    _, asked = look(b"2026 [tracking] - " + text)
    assert asked == [text]


@given(st.binary(max_size=200).filter(lambda line: b"\n" not in line))
def test_any_line_has_one_answer(line: bytes) -> None:
    answers, asked = look(line, b"[tracking] " + line)
    assert len(answers) == len(asked) == 2


def test_a_broken_transform_is_told_before_a_line_is_read(folder: Path) -> None:
    change(folder / "transforms/events.yaml", "string!(.message)", "string(.message)")
    assert diagnose("string(.message)") is not None
    with pytest.raises(AspectsError) as error:
        ThroughVector(folder, Asked())
    assert (error.value.code, "E630" in error.value.why) == ("vector.program", True)


@pytest.mark.parametrize(("command", "word", "status"), [("check", "validate", 0), ("test", "test", 3)])
def test_a_vector_on_path_is_asked(tmp_path: Path, command: str, word: str, status: int) -> None:
    """With the files of every component, and with any password, as the files have no defaults for these."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin/vector"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\n'
        f'echo "said with ${{CLICKHOUSE_LRS_PASSWORD:-none}}"\nexit {status}\n'
    )
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        [ROOT / "inv", f"vector.{command}", "--json"], env=environment, capture_output=True, text=True, check=False
    )
    asked = (tmp_path / "asked").read_text().split()
    assert asked[0] == word
    assert {str(file) for file in OURS.glob("*/*.yaml")} <= set(asked)
    answer = json.loads(done.stdout)
    assert answer["vector"] == "said with -"
    assert answer["checked_by" if command == "check" else "run_by"] == str(program)
    assert done.returncode == min(status, 1)


def test_without_vector_the_commands_say_what_they_used() -> None:
    for command, key in (("check", "checked_by"), ("test", "run_by")):
        done = subprocess.run(
            [ROOT / "inv", f"vector.{command}", "--json"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done
        if not shutil.which("vector"):
            assert json.loads(done.stdout)[key] == "Vector's own compiler, in Python"
