"""Inserts that come at the same time: written together, each acknowledged for itself."""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from embedded_clickhouse.engine import Statistics
from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.gather import Gatherer, is_whole

from .conftest import RunningServer

COLUMNS = "(a UInt32, b String) engine = MergeTree order by a"


class Table:
    """Takes rows one insert at a time, and holds the first one until it is let go."""

    def __init__(self, refused: bytes = b"") -> None:
        self.inserts: list[list[bytes]] = []
        self.begun, self.let_go = threading.Event(), threading.Event()
        self._refused = refused

    def write(self, bodies: Sequence[bytes]) -> Statistics:
        self.inserts.append(list(bodies))
        self.begun.set()
        assert self.let_go.wait(10)
        if self._refused and self._refused in bodies:
            raise ClickHouseError(27, "CANNOT_PARSE_INPUT", "no rows")
        return Statistics(written_rows=sum(map(len, bodies)))


def insert_all(table: Table, first: bytes, others: list[bytes]) -> list[int | ClickHouseError]:
    """Insert `first`, and the others while it is being written. What each one was answered."""
    gatherer = Gatherer(at_once=1)

    def insert(rows: bytes) -> int | ClickHouseError:
        try:
            return gatherer.insert("kind", rows, table.write).written_rows
        except ClickHouseError as error:
            return error

    with ThreadPoolExecutor(len(others) + 1) as pool:
        begun = pool.submit(insert, first)
        assert table.begun.wait(10)
        waiting = [pool.submit(insert, rows) for rows in others]
        while sum(map(len, gatherer._waiting.values())) < len(others):
            threading.Event().wait(0.001)
        table.let_go.set()
        return [each.result() for each in (begun, *waiting)]


def test_what_comes_during_an_insert_is_written_as_one() -> None:
    table = Table()
    assert insert_all(table, b"1", [b"22", b"333", b"4444"]) == [1, 2, 3, 4]
    assert [sorted(bodies) for bodies in table.inserts] == [[b"1"], [b"22", b"333", b"4444"]]


def test_of_inserts_written_together_the_wrong_one_fails_alone() -> None:
    table = Table(refused=b"bad")
    first, *others = insert_all(table, b"1", [b"22", b"bad", b"4444"])
    assert first == 1
    failed = [each for each in others if isinstance(each, ClickHouseError)]
    assert [error.code for error in failed] == [27]
    assert sorted(each for each in others if isinstance(each, int)) == [2, 4]


@pytest.mark.parametrize("cut", [0, 1])
def test_a_body_that_is_cut_short_is_written_alone(server: RunningServer, cut: int) -> None:
    rows = server.ask(
        "select toUInt32(number) as a, repeat('x', number * 50) as b, generateUUIDv4() as c, now64(6) as d"
        " from numbers(9) format Native"
    ).data
    assert is_whole(rows + rows[: len(rows) - cut]) == (cut == 0)


def test_rows_of_a_type_of_unknown_length_are_written_alone(server: RunningServer) -> None:
    assert not is_whole(server.ask("select [1, 2] as a format Native").data)


def test_inserts_from_many_clients_all_arrive_and_bad_ones_do_not(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    good = server.ask("select toUInt32(1) as a, 'x' as b from numbers(10) format Native").data
    wrong = server.ask("select 'no number' as a, 'x' as b format Native").data
    bodies = [good, good[:-1], wrong, good] * 8

    def insert(body: bytes) -> tuple[int, str]:
        answer = server.ask(f"insert into {table} format Native", user="lrs", data=body, async_insert=1)
        written = json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] if answer.status == 200 else ""
        return answer.status, written

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(insert, bodies))
    assert [status == 200 for status, _ in answers] == [body == good for body in bodies]
    assert {written for status, written in answers if status == 200} == {"10"}
    assert server.run(f"select count() from {table}") == "160\n"
