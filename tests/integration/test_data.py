"""data.fake, data.load and data.verify against a real warehouse, as a person uses them."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import signal
import subprocess
import time
from datetime import date
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
import zstandard

from aspects.fake.course import Scenario
from aspects.fake.generate import chunks
from aspects.fake.measures import MEASURES
from aspects.fake.people import World
from aspects.settings import ROOT
from tests.conftest import Commands, Finished, Stack
from tests.integration.conftest import Warehouse

END = "2026-06-01"
RAW = "xapi.xapi_events_all"


@pytest.fixture
def inv(warehouse: Warehouse) -> Commands:
    """`./inv` on the warehouse alone."""
    settings = warehouse.settings
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ASPECTS_")}
    own = {
        "ASPECTS_STATE": str(settings.state),
        "ASPECTS_ENVIRONMENTS": str(settings.envs),
        "ASPECTS_CLICKHOUSE_PORT": str(settings.clickhouse_port),
    }
    return Commands({**kept, **own})


MOST_COURSES = 20
"""More than any scenario here has."""
taken: set[str] = set()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A seed whose courses no other test has: what it generates is this test's alone. The order's seed repeats it."""
    name = f"{request.config.getoption('randomly_seed')} {request.node.nodeid}"
    for attempt in itertools.count():
        chosen = crc32(f"{name} {attempt}".encode()) % 1_000_000_000
        world = World(Scenario(chosen, date.fromisoformat(END), "http://localhost:18000"))
        keys = {world.course(index).key for index in range(MOST_COURSES)}
        if taken.isdisjoint(keys):
            break
    taken.update(keys)
    return chosen


def fake(inv: Commands, seed: int, count: int, *words: str) -> Any:
    return inv("data.fake", f"--seed={seed}", f"--count={count}", f"--end={END}", "--json", *words, check=True).json


def texts(seed: int, count: int) -> list[bytes]:
    scenario = Scenario(seed, date.fromisoformat(END), "http://localhost:18000")
    return [text for chunk in chunks(scenario, count) for text in chunk.texts]


def stored(warehouse: Warehouse, lines: list[bytes]) -> int:
    """How many of these statements are in the raw table, as they were."""
    wanted = {(json.loads(line)["id"], line.decode()) for line in lines}
    ids = ", ".join(f"'{identifier}'" for identifier, _ in wanted)
    # What a killed run had under way is stored once more by the next one, until ClickHouse merges both into one.
    rows = warehouse.rows(f"select toString(event_id), event from {RAW} final where event_id in ({ids})", user="lrs")
    assert len(rows) == len(set(rows))
    return len(wanted & set(rows))


def test_generated_data_and_the_warehouse_agree(inv: Commands, seed: int) -> None:
    made = fake(inv, seed, 4000)
    assert (made["statements"], made["new"], made["seed"]) == (4000, 4000, seed)
    verified = inv("data.verify", "--truth", made["truth"], "--json", check=True).json
    assert verified["differences"] == []
    # A measure whose view the warehouse does not have cannot be compared, and is named.
    assert verified["measures"] == len(MEASURES)
    assert verified["missing"] == []


def test_the_newest_truth_is_the_one_compared_with(inv: Commands, seed: int) -> None:
    made = fake(inv, seed, 500)
    assert made["truth"] in inv("data.verify", check=True).err


def test_generating_again_adds_nothing_and_a_larger_count_adds_the_rest(inv: Commands, seed: int) -> None:
    assert fake(inv, seed, 1500)["new"] == 1500
    assert fake(inv, seed, 1500)["new"] == 0
    more = fake(inv, seed, 2500)
    assert more["new"] == 1000
    assert inv("data.verify", "--truth", more["truth"]).status == 0


def test_a_run_of_many_batches_goes_on_where_another_was_ended(inv: Commands, warehouse: Warehouse, seed: int) -> None:
    # A batch has 50,000: the first one tells whether the others may be there.
    assert fake(inv, seed, 60_000, "--workers=2")["new"] == 60_000
    more = fake(inv, seed, 115_000, "--workers=2")
    assert more["new"] == 55_000
    keys = ", ".join(f"'{key}'" for key in json.loads(Path(more["truth"]).read_bytes())["courses"])
    counted = f"select count(), uniqExact(event_id) from {RAW} where multiSearchAny(event, [{keys}])"
    assert warehouse.rows(counted, user="lrs") == [(115_000, 115_000)]


def test_faults_change_nothing_of_what_is_true(inv: Commands, warehouse: Warehouse, seed: int) -> None:
    made = fake(inv, seed, 3000, "--faults", "duplicates=0.05,late=0.05,disorder=0.05,malformed=0.01")
    assert made["malformed"] > 10
    keys = ", ".join(f"'{key}'" for key in json.loads(Path(made["truth"]).read_bytes())["courses"])
    rows = warehouse.rows(f"select count() from {RAW} where multiSearchAny(event, [{keys}])", user="lrs")
    assert int(rows[0][0]) > 3000
    assert inv("data.verify", "--truth", made["truth"], "--json", check=True).json["differences"] == []


def test_faults_do_not_go_through_an_lrs(inv: Commands, seed: int) -> None:
    done = inv("data.fake", f"--seed={seed}", "--count=10", "--sink=ralph", "--faults")
    assert done.status == 2
    assert "--faults has no meaning with --sink ralph" in done.err


def test_every_difference_is_named(inv: Commands, seed: int) -> None:
    path = Path(fake(inv, seed, 1000)["truth"])
    truth = json.loads(path.read_bytes())
    truth["measures"]["statements"][0]["value"] = 999
    wrong = truth["measures"]["currently_enrolled"].pop()
    path.write_text(json.dumps(truth))
    done = inv("data.verify", "--truth", str(path), "--json")
    assert done.status == 1
    assert done.json["differences"] == [
        {
            "measure": "currently_enrolled",
            "key": {"course_key": wrong["course_key"]},
            "expected": 0,
            "found": wrong["value"],
        },
        {"measure": "statements", "key": {}, "expected": 999, "found": 1000},
    ]


def test_courses_and_enrollments_are_there_and_people_only_when_wanted(
    inv: Commands, warehouse: Warehouse, seed: int
) -> None:
    made = fake(inv, seed, 2000)
    keys = ", ".join(f"'{key}'" for key in json.loads(Path(made["truth"]).read_bytes())["courses"])
    for table, count in (("course_overviews", made["courses"]), ("course_enrollment", made["enrollments"])):
        sql = f"select uniqExact({'id' if 'enroll' in table else 'course_key'}) from event_sink.{table}"
        assert warehouse.rows(f"{sql} where course_key in ({keys})", user="sink") == [(count,)]
    people = (
        "select count() from event_sink.user_profile where username in"
        f" (select username from event_sink.course_enrollment where course_key in ({keys}))"
    )
    assert warehouse.rows(people, user="sink") == [(0,)]
    inv("data.fake", f"--seed={seed}", "--count=2000", f"--end={END}", check=True, ASPECTS_PII="true")
    learners = f"select uniqExact(user_id) from event_sink.course_enrollment where course_key in ({keys})"
    assert warehouse.rows(people, user="sink") == warehouse.rows(learners, user="sink")


def test_a_file_that_was_generated_loads_to_the_same_numbers(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    file = tmp_path / "statements.jsonl.gz"
    made = fake(inv, seed, 1500, "--sink=file", f"--out={file}")
    assert gzip.decompress(file.read_bytes()).splitlines() == texts(seed, 1500)
    loaded = inv("data.load", str(file), "--json", check=True).json
    assert (loaded["read"], loaded["stored"], loaded["duplicates"], loaded["refused"]) == (1500, 1500, 0, 0)
    again = inv("data.load", str(file), "--json", check=True).json
    assert (again["read"], again["stored"], again["duplicates"], again["differing"]) == (1500, 0, 1500, 0)
    sink = warehouse.client("sink")
    for table in file.with_name(f"{file.name}.event_sink").glob("*.csv"):
        sink.raw_insert(f"event_sink.{table.stem}", insert_block=table.read_bytes(), fmt="CSVWithNames")
    sink.close()
    assert inv("data.verify", "--truth", made["truth"], check=True).status == 0
    assert stored(warehouse, texts(seed, 1500)) == 1500
    header = (tmp_path / "statements.jsonl.gz.event_sink" / "course_overviews.csv").read_text().splitlines()[0]
    assert header.startswith("org,course_key,display_name,course_start")


def test_the_same_file_twice_gives_the_same_bytes(inv: Commands, seed: int, tmp_path: Path) -> None:
    for suffix in (".jsonl", ".jsonl.gz", ".jsonl.zst"):
        one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
        fake(inv, seed, 300, "--sink=file", f"--out={one}")
        fake(inv, seed, 300, "--sink=file", f"--out={two}", "--workers=2")
        assert one.read_bytes() == two.read_bytes()


def test_parquet_goes_straight_into_the_raw_table(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    named, asked = tmp_path / "some.parquet", tmp_path / "some.data"
    fake(inv, seed, 1500, "--sink=file", f"--out={named}")
    fake(inv, seed, 1500, "--sink=file", f"--out={asked}", "--as=parquet")
    assert named.read_bytes() == asked.read_bytes()
    client = warehouse.client("lrs")
    client.raw_insert(RAW, insert_block=named.read_bytes(), fmt="Parquet", compression=None)
    client.close()
    assert stored(warehouse, texts(seed, 1500)) == 1500
    # As data.load would have stored them: it finds each by its id and its time.
    assert fake(inv, seed, 1500)["new"] == 0


def test_a_directory_of_files_loads_whatever_they_are(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    lines = texts(seed, 300)
    (tmp_path / "plain.txt").write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(lines[:100]) + b"\r\n\r\n")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "packed").write_bytes(gzip.compress(b"\n".join(lines[100:200])))
    (tmp_path / "below" / "packed.log").write_bytes(zstandard.compress(b"\n".join(lines[150:])))
    loaded = inv("data.load", str(tmp_path), "--json", "--batch=70", check=True).json
    assert (loaded["files"], loaded["read"], loaded["stored"], loaded["duplicates"]) == (3, 350, 300, 50)
    assert stored(warehouse, lines) == 300


def test_statements_come_in_through_a_pipe(inv: Commands, warehouse: Warehouse, seed: int) -> None:
    lines = texts(seed, 50)
    command = [str(ROOT / "inv"), "data.load", "-", "--json"]
    done = subprocess.run(
        command, input=gzip.compress(b"\n".join(lines)), env=inv.environment, capture_output=True, check=True
    )
    assert json.loads(done.stdout)["stored"] == stored(warehouse, lines) == 50


def test_what_is_refused_is_reported_and_kept_and_the_rest_is_stored(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    lines = texts(seed, 20)
    long = json.dumps({**json.loads(lines[9]), "result": {"response": "x" * 1_000_001}}).encode()
    bad = [lines[0][:-1], b'{"id": "\xff"}', json.dumps({**json.loads(lines[1]), "actor": {}}).encode(), long]
    file, rejects = tmp_path / "mixed.jsonl", tmp_path / "kept" / "rejects.jsonl"
    file.write_bytes(b"\n".join([*lines, *bad]))
    done = inv("data.load", str(file), f"--rejects={rejects}", "--json")
    assert done.status == 1
    assert (done.json["read"], done.json["stored"], done.json["refused"]) == (24, 20, 4)
    assert done.json["reasons"] == {"json": 1, "encoding": 1, "actor.invalid": 1, "size": 1}
    assert f"{file}:23" in done.err
    kept = [json.loads(line) for line in rejects.read_bytes().splitlines()]
    assert [one["number"] for one in kept] == [21, 22, 23, 24]
    assert kept[3]["line"].encode() == long
    assert inv("data.load", str(file), f"--rejects={rejects}", "--allow-refused").status == 0
    assert stored(warehouse, lines) == 20


def test_of_two_statements_with_one_id_the_first_stays(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    first, other = texts(seed, 2)
    changed = json.dumps({**json.loads(first), "result": {"response": "other"}}).encode()
    file = tmp_path / "twice.jsonl"
    file.write_bytes(b"\n".join([first, changed, other]))
    within = inv("data.load", str(file), "--json", check=True).json
    assert (within["stored"], within["duplicates"], within["differing"]) == (2, 1, 1)
    file.write_bytes(changed)
    later = inv("data.load", str(file), "--json", check=True).json
    assert (later["stored"], later["duplicates"], later["differing"]) == (0, 1, 1)
    assert stored(warehouse, [first, other]) == 2


def test_of_a_truncated_file_everything_that_is_there_is_stored(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    lines = texts(seed, 400)
    packed = gzip.compress(b"\n".join(lines))
    file = tmp_path / "cut.jsonl.gz"
    file.write_bytes(packed[: len(packed) // 2])
    done = inv("data.load", str(file), "--json")
    assert done.status == 1
    assert "cut short" in done.json["broken"][str(file)]
    assert 0 < done.json["stored"] == stored(warehouse, lines) < 400
    assert done.json["read"] - done.json["stored"] == done.json["refused"] <= 1


def test_a_load_that_was_killed_is_run_again_and_nothing_is_lost_or_doubled(
    inv: Commands, warehouse: Warehouse, seed: int, tmp_path: Path
) -> None:
    lines = texts(seed, 4000)
    file = tmp_path / "statements.jsonl"
    file.write_bytes(b"\n".join(lines))
    command = [str(ROOT / "inv"), "data.load", str(file), "--batch=50"]
    process = subprocess.Popen(command, env=inv.environment, stderr=subprocess.DEVNULL)
    while not stored(warehouse, lines[:50]):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    before = stored(warehouse, lines)
    assert before < 4000
    again = inv("data.load", str(file), "--json", check=True).json
    assert again["stored"] + again["duplicates"] == 4000
    assert again["duplicates"] >= before
    assert stored(warehouse, lines) == 4000


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data.fake", "--count=-5"], "--count -5"),
        (["data.fake", "--sink=kafka"], "no sink 'kafka'"),
        (["data.fake", "--sink=file"], "--sink file needs --out"),
        (["data.fake", "--out=x"], "--out has no meaning"),
        (["data.fake", "--as=parquet"], "--as parquet cannot be used so"),
        (["data.fake", "--as=orc", "--sink=file", "--out=x"], "--as orc cannot be used so"),
        (["data.fake", "--as=tracking-log", "--sink=file", "--out=x.parquet"], "--as tracking-log cannot be used so"),
        (["data.fake", "--sink=file", "--out=/no/such/folder/x.parquet"], "cannot be written"),
        (["data.fake", "--end=tomorrow"], "--end tomorrow"),
        (["data.fake", "--workers=-1"], "--workers -1"),
        (["data.fake", "--learners-per-course=-5"], "--learners-per-course -5"),
        (["data.fake", "--sink=file", "--out=/no/such/folder/x.jsonl"], "cannot be written"),
        (["data.load", "gone.jsonl"], "There is no file gone.jsonl"),
        (["data.load", "--batch=0", "x"], "--batch 0"),
        (["data.verify", "--truth=gone.json"], "gone.json cannot be read"),
    ],
)
def test_wrong_input_gets_a_clear_error(inv: Commands, words: list[str], said: str) -> None:
    assert_explained(inv(*words), said)


def test_a_full_disk_is_named(inv: Commands, tmp_path: Path) -> None:
    full = tmp_path / "full.jsonl"
    full.symlink_to("/dev/full")
    assert_explained(inv("data.fake", "--count=2000", "--sink=file", f"--out={full}"), "No space left on device")
    file = tmp_path / "bad.jsonl"
    file.write_text("{\n" * 100)
    done = inv("data.load", str(file), f"--rejects={full}")
    assert_explained(done, "No space left on device")


def test_a_warehouse_that_is_down_is_named(inv: Commands, tmp_path: Path) -> None:
    file = tmp_path / "statements.jsonl"
    file.write_bytes(b"{}")
    for words in (["data.load", str(file)], ["data.fake", "--count=10"]):
        assert_explained(inv(*words, ASPECTS_CLICKHOUSE_PORT="1"), "./inv dev.up")


def assert_explained(done: Finished, said: str) -> None:
    assert done.status in (1, 2)
    assert said in done.err
    assert "→" in done.err
    assert "Traceback" not in done.err


def test_statements_through_ralph_give_the_same_numbers(stack: Stack, seed: int) -> None:
    made = fake(stack.inv, seed, 700, "--sink=ralph")
    assert stack.inv("data.verify", "--truth", made["truth"], "--json", check=True).json["differences"] == []
    assert fake(stack.inv, seed, 700, "--sink=ralph")["statements"] == 700


def test_the_whole_of_several_questions_is_no_answer_while_none_of_these_came(inv: Commands) -> None:
    """This many statements end behind what is said of the whole, before what is said of its questions."""
    made = fake(inv, 130100284, 700)

    assert inv("data.verify", "--truth", made["truth"], "--json", check=True).json["differences"] == []


def test_the_demo_is_what_the_generator_says(stack: Stack) -> None:
    verified = stack.inv("data.verify", "--truth", str(stack.truth), "--json", check=True).json
    assert verified["differences"] == []
