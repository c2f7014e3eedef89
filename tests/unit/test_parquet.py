"""Generated statements in Parquet files."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from arro3.io import read_parquet

from aspects.errors import AspectsError
from aspects.fake.course import Scenario
from aspects.fake.faults import Faults
from aspects.fake.generate import chunks
from aspects.fake.produce import produce
from aspects.fake.sinks import FileSink
from aspects.xapi.sources import BrokenSource, read_lines

SCENARIO = Scenario(seed=5, end=date(2026, 3, 2), lms_url="http://lms.example")
COUNT = 7000


def write(path: Path, workers: int = 1, faults: Faults | None = None) -> Path:
    produce(
        SCENARIO, COUNT, workers, FileSink(path, parquet=True), path.with_suffix(".json"), faults=faults or Faults()
    )
    return path


def test_rows_are_the_statements_with_their_ids_and_times(tmp_path: Path) -> None:
    table = read_parquet(write(tmp_path / "some.parquet")).read_all()
    assert table.schema.names == ["event_id", "emission_time", "event"]
    said = [json.loads(text) for text in table.column("event").to_pylist()]
    assert [one["id"] for one in said] == table.column("event_id").to_pylist()
    times = [time.isoformat(timespec="microseconds") for time in table.column("emission_time").to_pylist()]
    assert [one["timestamp"] for one in said] == times
    assert [text.decode() for chunk in chunks(SCENARIO, COUNT) for text in chunk.texts] == (
        table.column("event").to_pylist()
    )


def test_the_same_statements_give_the_same_bytes_with_any_number_of_workers(tmp_path: Path) -> None:
    one, two = write(tmp_path / "one.parquet"), write(tmp_path / "two.parquet", workers=2)
    assert one.read_bytes() == two.read_bytes()


def test_broken_statements_have_their_own_ids(tmp_path: Path) -> None:
    path = write(tmp_path / "broken.parquet", faults=Faults(malformed=0.01))
    ids = read_parquet(path).read_all().column("event_id").to_pylist()
    assert len(ids) > COUNT
    assert len({UUID(one) for one in ids}) == len(ids)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    full = tmp_path / "full.parquet"
    full.symlink_to("/dev/full")
    with pytest.raises(AspectsError, match="cannot be written") as error:
        produce(SCENARIO, 60_000, 1, FileSink(full, parquet=True), tmp_path / "truth.json")
    assert error.value.code == "data.unwritable"


def test_data_load_says_what_to_do_with_parquet(tmp_path: Path) -> None:
    with pytest.raises(BrokenSource, match="ClickHouse takes in itself"):
        list(read_lines(str(write(tmp_path / "some.parquet"))))
