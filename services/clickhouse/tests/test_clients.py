"""The clients that the platform uses: clickhouse-connect, sync and async, and curl."""

import asyncio
import datetime
import shutil
import subprocess
import uuid
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from .conftest import RunningServer, password


def test_client_queries_inserts_and_reads_back(server: RunningServer, table: str) -> None:
    client = server.client("admin")
    client.command(
        f"create table {table} (id UUID, at DateTime64(6), event String, n Nullable(Int32), "
        "kind LowCardinality(String), tags Array(String)) engine = MergeTree order by id"
    )
    now = datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)  # noqa: DTZ001 - the column has no time zone
    rows = [[uuid.uuid4(), now, "é;\n'\x00", None, "a", ["x", "y'"]] for _ in range(1000)]
    names = ["id", "at", "event", "n", "kind", "tags"]
    lrs = server.client("lrs")
    assert lrs.insert(table, rows, column_names=names).written_rows == 1000
    assert lrs.insert(
        table, rows, column_names=names, settings={"async_insert": 1, "wait_for_async_insert": 1}
    ).written_rows
    found = client.query(f"select * from {table} where id = {{id:UUID}}", parameters={"id": rows[0][0]})
    assert found.result_rows[0][2:] == ("é;\n'\x00", None, "a", ["x", "y'"])
    assert int(found.summary["read_rows"]) > 0
    assert client.command(f"select count() from {table}") == 2000


@pytest.mark.parametrize("compress", ["lz4", "zstd", "gzip", False])
def test_client_compression(server: RunningServer, table: str, compress: Any) -> None:
    client = clickhouse_connect.get_client(
        host="127.0.0.1", port=server.port, username="admin", password=password("admin"), compress=compress
    )
    client.command(f"create table {table} (a UInt64, s String) engine = MergeTree order by a")
    client.insert(table, [[n, str(n) * 10] for n in range(50_000)], column_names=["a", "s"])
    assert client.query(f"select sum(a), count() from {table}").result_rows == [(sum(range(50_000)), 50_000)]
    assert len(client.query(f"select * from {table}").result_rows) == 50_000


def test_client_arrow_and_raw(server: RunningServer, table: str) -> None:
    client = server.client()
    client.command(f"create table {table} (a UInt64, s String) engine = MergeTree order by a")
    arrow = client.query_arrow("select number as a, toString(number) as s from numbers(1000)")
    client.insert_arrow(table, arrow)
    client.raw_insert(table, ["a", "s"], "1000,x\n", fmt="CSV")
    assert client.query_df(f"select count() as n from {table}")["n"][0] == 1001
    assert client.raw_query("select 1 as x", fmt="JSONEachRow") == b'{"x":1}\n'


def test_client_streams_and_notices_errors_on_the_way(server: RunningServer) -> None:
    client = server.client()
    with client.query_row_block_stream("select number from numbers(2000000)") as stream:
        assert sum(len(block) for block in stream) == 2_000_000
    with (
        pytest.raises(StreamFailureError, match="too far"),
        client.query_row_block_stream("select throwIf(number = 3000000, 'too far') from numbers(10000000)") as stream,
    ):
        for _ in stream:
            pass


def test_client_errors(server: RunningServer) -> None:
    with pytest.raises(DatabaseError, match="code: 60"):
        server.client().query("select * from nowhere")
    with pytest.raises(DatabaseError, match="code: 497"):
        server.client("report").command("create table reporting.mine (a UInt8) engine = Memory")
    with pytest.raises(DatabaseError, match="code: 516"):
        clickhouse_connect.get_client(host="127.0.0.1", port=server.port, username="admin", password="wrong")


def test_client_session_and_external_data(server: RunningServer) -> None:
    from clickhouse_connect.driver.external import ExternalData

    client = server.client("admin", session_id=str(uuid.uuid4()))
    client.command("create temporary table mine (a UInt32)")
    client.insert("mine", [[1], [2]], column_names=["a"])
    assert client.query("select sum(a) from mine", settings={"max_threads": 1}).first_row == (3,)
    external = ExternalData(file_name="ids", fmt="CSV", structure=["id UInt32"], data=b"1\n2\n")
    assert server.client("report").query("select sum(id) from ids", external_data=external).first_row == (3,)


def test_async_client_runs_queries_side_by_side(server: RunningServer) -> None:
    async def work() -> list[Any]:
        client = await clickhouse_connect.get_async_client(
            host="127.0.0.1",
            port=server.port,
            username="report",
            password=password("report"),
            autogenerate_session_id=False,
        )
        try:
            answers = await asyncio.gather(*(client.query(f"select {n}, sleep(0.3)") for n in range(8)))
            return [answer.first_row[0] for answer in answers]
        finally:
            await client.close()

    assert asyncio.run(work()) == list(range(8))


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(server: RunningServer) -> None:
    url = f"http://127.0.0.1:{server.port}/?query=select+number+from+numbers(3)+format+JSONCompactEachRow"
    command = ["curl", "-sS", "--compressed", "-u", f"admin:{password('admin')}", url]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "[0]\n[1]\n[2]\n"
    big = subprocess.run(
        ["curl", "-sS", "-u", f"admin:{password('admin')}", "--data-binary", "@-", f"http://127.0.0.1:{server.port}/"],
        input="select length('" + "x" * 200_000 + "')",
        capture_output=True,
        text=True,
        check=True,
    )
    assert big.stdout == "200000\n"
