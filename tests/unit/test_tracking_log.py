"""Generated tracking logs: what the LMS would have written of the same simulation."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from aspects.errors import AspectsError
from aspects.fake.course import Scenario
from aspects.fake.logged import log_chunks
from aspects.fake.produce import Produced, produce
from aspects.fake.sinks import FileSink
from aspects.fake.statements import VERB_OF

SCENARIO = Scenario(5, date(2026, 6, 1), "http://lms.example")


def write(folder: Path, count: int) -> tuple[Produced, list[dict[str, object]]]:
    """A log of so many statements, and its events."""
    log = folder / "tracking.log"
    users = folder / "users.csv"
    made = produce(SCENARIO, count, 1, FileSink(log), folder / "truth.json", log_users=users)
    return made, [json.loads(line) for line in log.read_bytes().splitlines()]


def submission(event: object) -> dict[str, object]:
    found = event.get("submission", {}) if isinstance(event, dict) else {}
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("count", [1, 700, 2501])
def test_a_check_of_several_questions_is_one_line_and_is_not_split(tmp_path: Path, count: int) -> None:
    made, events = write(tmp_path, count)
    questions = [len(submission(one["event"])) for one in events]
    assert sum(1 + (several if several > 1 else 0) for several in questions) == made.statements
    assert count <= made.statements <= count + 3
    assert json.loads((tmp_path / "truth.json").read_bytes())["statements"] == made.statements


def test_the_map_has_every_user_of_the_log(tmp_path: Path) -> None:
    _, events = write(tmp_path, 900)
    known = list(csv.DictReader((tmp_path / "users.csv").read_text().splitlines()))
    named = {(str(one["context"]["user_id"]), one["username"]) for one in events}  # type: ignore[index]  # events are of objects
    assert named <= {(row["user_id"], row["username"]) for row in known}
    assert len({row["uuid"] for row in known}) == len(known)


def test_events_are_in_order_of_time_and_the_browsers_are_json_inside_of_json(tmp_path: Path) -> None:
    _, events = write(tmp_path, 900)
    times = [str(one["time"]) for one in events]
    assert times == sorted(times)
    assert {one["name"] for one in events} <= VERB_OF.keys()
    for one in events:
        if one["event_source"] == "browser" and one["name"] != "problem_check":
            assert isinstance(json.loads(str(one["event"])), dict)
        else:
            assert isinstance(one["event"], str if one["event_source"] == "browser" else dict)


def test_the_same_log_comes_from_any_number_of_processes(tmp_path: Path) -> None:
    one = [chunk.lines for chunk in log_chunks(SCENARIO, 6500, 1, False, tmp_path / "one.csv")]
    two = [chunk.lines for chunk in log_chunks(SCENARIO, 6500, 2, False, tmp_path / "two.csv")]
    assert len(one) > 1
    assert one == two
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_a_map_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AspectsError) as error:
        list(log_chunks(SCENARIO, 10, 1, False, tmp_path / "absent" / "users.csv"))
    assert error.value.code == "data.unwritable"
