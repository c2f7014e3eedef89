"""Inserts over HTTP: both shapes of body, all encodings, and what goes wrong."""

import gzip
import http.client
import json
import zlib
from collections.abc import Iterator

import lz4.frame
import pytest
from backports import zstd

from .conftest import RunningServer, password

COLUMNS = "(a UInt32, b String default concat('d', toString(a)), c UInt8 materialized 7) engine = MergeTree order by a"


def test_statement_in_url_and_rows_in_body(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    answer = server.ask(f"insert into {table} (a) format CSV", user="lrs", data="1\n2\n")
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "2"
    assert server.run(f"select a, b, c from {table} order by a") == "1\td1\t7\n2\td2\t7\n"


def test_statement_and_rows_in_body(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    rows = server.ask("select toUInt32(number) as a, 'x;\nselect' as b from numbers(3) format Native").data
    server.run(f"INSERT INTO {table} (`a`, `b`) FORMAT Native\n".encode() + rows)
    server.run(
        f'insert into {table} settings input_format_skip_unknown_fields = 1 format JSONEachRow {{"a": 9, "z": 1}}'
    )
    server.run(f"insert into {table} format CSV settings format_csv_delimiter = ';'\n10;ten\n")
    server.run(f"insert into {table} (a, b) values (4, 'four'), (5, upper('five'))")
    server.run(f"insert into {table} select a + 100, b from {table} where a = 4")
    server.run(f"insert into {table} (a) select x + 1 from input('x UInt32') format CSV\n50\n")
    assert server.run(f"select groupArray(a) from (select a from {table} order by a)") == "[0,1,2,4,5,9,10,51,104]\n"
    assert server.run(f"select b from {table} where a = 5") == "FIVE\n"


def test_rows_in_the_format_of_url_or_header(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    server.run(f"insert into {table} (a)", data="(1), (2)")
    server.run(f"insert into {table} (a)", data="3\n", default_format="CSV")
    server.run(f"insert into {table} (a)", data='{"a": 4}', headers={"X-ClickHouse-Format": "JSONEachRow"})
    assert server.run(f"select sum(a) from {table}") == "10\n"


def test_parameters_in_an_insert(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    server.run(f"insert into {table} (a, b) values ({{a:UInt32}}, {{b:String}})", param_a=3, param_b="it's; here")
    assert server.run(f"select b from {table} where a = 3 format TSVRaw") == "it's; here\n"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd", "br"])
def test_compressed_bodies(server: RunningServer, table: str, encoding: str) -> None:
    import brotli

    compress = {
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "lz4": lz4.frame.compress,
        "zstd": zstd.compress,
        "br": brotli.compress,
    }[encoding]
    server.run(f"create table {table} {COLUMNS}")
    rows = "".join(f"{n}\n" for n in range(100_000)).encode()
    headers = {"Content-Encoding": encoding}
    server.run(f"insert into {table} (a) format CSV", data=compress(rows), headers=headers)
    server.run(compress(f"insert into {table} (a) format CSV\n".encode() + rows), headers=headers)
    assert server.run(f"select count(), sum(a) from {table}") == f"200000\t{2 * sum(range(100_000))}\n"
    cut = server.ask(f"insert into {table} (a) format CSV", data=compress(rows)[:-20], headers=headers)
    assert cut.status == 500
    assert "cut off" in cut.text
    garbage = server.ask(f"insert into {table} (a) format CSV", data=b"\x00garbage" * 99, headers=headers)
    assert "Cannot decompress the request body" in garbage.text
    assert server.run(f"select count() from {table}") == "200000\n"


def test_several_frames_in_one_body(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    body = gzip.compress(b"1\n") + gzip.compress(b"2\n")
    server.run(f"insert into {table} (a) format CSV", data=body, headers={"Content-Encoding": "gzip"})
    assert server.run(f"select count() from {table}") == "2\n"


@pytest.mark.parametrize(
    ("statement", "rows", "code"),
    [
        ("insert into {table} (a) format CSV", "x\n", 117),
        ("insert into {table} (a) format Nope", "x\n", 73),
        ("insert into {table} (nothing) format CSV", "1\n", 16),
        ("insert into xapi.nowhere format CSV", "1\n", 60),
        ("insert into {table} (a) format JSONEachRow", '{"a": 1', 33),
        ("insert into {table} (a) format JSONEachRow", '{"a": "x"}', 27),
    ],
)
def test_bad_rows_are_refused(server: RunningServer, table: str, statement: str, rows: str, code: int) -> None:
    server.run(f"create table {table} {COLUMNS}")
    answer = server.ask(statement.format(table=table), data=rows)
    assert answer.text.startswith(f"Code: {code}. DB::"), answer.text
    assert server.run(f"select count() from {table}") == "0\n"


def test_input_settings_and_async_insert(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    statement = f"insert into {table} (a) format JSONEachRow"
    assert server.ask(statement, data='{"a": 1, "z": 2}', input_format_skip_unknown_fields=0).status == 400
    server.run(statement, data='{"a": 1, "z": 2}', input_format_skip_unknown_fields=1)
    server.run(statement, data='{"a": 2}', async_insert=1, wait_for_async_insert=1)
    assert server.run(f"select sum(a) from {table}") == "3\n"


def test_a_client_that_goes_away_leaves_no_half_block(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} {COLUMNS}")
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    connection.putrequest("POST", f"/?query=insert+into+{table}+(a)+format+CSV&query_id=half")
    connection.putheader("X-ClickHouse-User", "admin")
    connection.putheader("X-ClickHouse-Key", password("admin"))
    connection.putheader("Content-Length", "10000000")
    connection.endheaders(b"1\n2\n")
    server.wait_for("select 1 from system.processes where query_id = 'half'", "1\n")
    connection.close()
    server.wait_for("select 1 from system.processes where query_id = 'half'", "")
    assert server.run(f"select count() from {table}") == "0\n"


def test_a_large_insert_and_a_large_result_take_little_memory(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} (a UInt64, s String) engine = MergeTree order by a")
    rows = server.ask(
        "select number as a, repeat(toString(sipHash64(number)), 5) as s from numbers(10000) format Native"
    ).data
    server.run(f"insert into {table} format Native", data=rows)
    server.run(f"select * from {table} format Null")
    before, peak = server.memory(), 0

    def many() -> Iterator[bytes]:
        nonlocal peak
        for n in range(400):
            if n % 20 == 0:
                peak = max(peak, server.memory())
            yield rows

    server.run(f"insert into {table} format Native", data=many())
    assert server.run(f"select count() from {table}") == "4010000\n"
    assert len(server.ask(f"select * from {table} format Native").data) > 400_000_000
    peak = max(peak, server.memory())
    assert peak - before < 200_000_000
