"""Queries over HTTP as curl would send them."""

import gzip
import json
import threading
import time
import zlib

import lz4.frame
import pytest
import requests
from backports import zstd

from .conftest import RunningServer, password


def test_ping_needs_no_password(server: RunningServer) -> None:
    assert requests.get(f"http://127.0.0.1:{server.port}/ping", timeout=5).text == "Ok.\n"
    assert requests.get(f"http://127.0.0.1:{server.port}/", timeout=5).text == "Ok.\n"


def test_query_in_url_in_body_and_in_both(server: RunningServer) -> None:
    url = f"http://127.0.0.1:{server.port}/"
    login = ("admin", password("admin"))
    assert requests.get(url, params={"query": "select 1"}, auth=login, timeout=5).text == "1\n"
    assert server.run("select 2") == "2\n"
    assert server.run("select number", data=" from numbers(2)") == "0\n1\n"
    assert (
        requests.get(url, params={"query": "select 3", "user": "admin", "password": password("admin")}, timeout=5).text
        == "3\n"
    )


def test_answer_tells_what_clients_need(server: RunningServer) -> None:
    answer = server.ask("select number from numbers(10)", query_id="my-query", default_format="JSONEachRow")
    assert answer.headers["X-ClickHouse-Query-Id"] == "my-query"
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"] == "UTC"
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"] == "application/x-ndjson; charset=UTF-8"
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "10")


def test_format_comes_from_clause_then_url_then_header(server: RunningServer) -> None:
    assert server.run("select 1 as x format JSONEachRow", default_format="CSV") == '{"x":1}\n'
    assert server.run("select 1 as x", headers={"X-ClickHouse-Format": "CSVWithNames"}) == '"x"\n1\n'
    assert (
        server.run("select 1 as x format JSONEachRow settings output_format_json_quote_64bit_integers = 1;")
        == '{"x":1}\n'
    )
    assert server.ask("select 1", default_format="CSV SETTINGS max_threads=1").status == 404


def test_framed_formats_are_one_document_however_long(server: RunningServer) -> None:
    document = json.loads(server.run("select number, repeat('x', 50) as s from numbers(200000) format JSON"))
    assert document["rows"] == len(document["data"]) == 200000
    lines = server.run("select number from numbers(200000) format CSVWithNames").splitlines()
    assert lines[0] == '"number"'
    assert len(lines) == 200001


def test_parameters(server: RunningServer) -> None:
    text = server.run(
        "select {n:UInt8} + 1, {s:String}, {a:Array(String)}", param_n=4, param_s="it's", param_a="['x','y']"
    )
    assert text == "5\tit\\'s\t['x','y']\n"
    assert server.run("select {s:String} format TSVRaw", param_s="a\\tb") == "a\tb\n"
    assert server.ask("select {n:UInt8}").headers["X-ClickHouse-Exception-Code"] == "456"


def test_parameters_and_tables_in_a_form(server: RunningServer) -> None:
    answer = requests.post(
        f"http://127.0.0.1:{server.port}/",
        params={"user": "report", "password": password("report"), "ids_structure": "id UInt32", "ids_format": "CSV"},
        data={"query": "select sum(id) + {n:UInt8} from ids", "param_n": "1"},
        files={"ids": b"10\n20\n"},
        timeout=10,
    )
    assert (answer.status_code, answer.text) == (200, "31\n")


def test_settings_and_database_in_the_url(server: RunningServer) -> None:
    assert (
        server.run("select getSetting('max_threads'), currentDatabase()", max_threads=3, database="xapi") == "3\txapi\n"
    )
    assert server.run("select getSetting('max_threads') = 3, currentDatabase()") == "0\tdefault\n"
    assert server.ask("select 1", database="nowhere").headers["X-ClickHouse-Exception-Code"] == "81"
    unknown = server.ask("select 1", no_such_setting=1)
    assert (unknown.status, unknown.headers["X-ClickHouse-Exception-Code"]) == (404, "115")


@pytest.mark.parametrize(
    ("query", "code", "status"),
    [
        ("selec 1", 62, 400),
        ("", 62, 400),
        ("   ;  ", 62, 400),
        ("select 1; select 2", 62, 400),
        ("exit", 62, 400),
        ("?? what is there", 62, 400),
        ("select nothing", 47, 404),
        ("select * from nowhere", 60, 404),
        ("select nofunction(1)", 46, 404),
        ("select 1 format Nope", 73, 404),
        ("select toUInt8('x')", 6, 400),
        ("select throwIf(1)", 395, 500),
        ("select 1 into outfile '/tmp/x'", 153, 500),
        ("insert into xapi.x from infile '/etc/passwd' format CSV", 153, 500),
        ("set role report_role", 512, 403),
        ("select nothing -- { serverError 47 }", 47, 404),
    ],
)
def test_errors_are_those_of_clickhouse(server: RunningServer, query: str, code: int, status: int) -> None:
    answer = server.ask(query)
    assert answer.headers["X-ClickHouse-Exception-Code"] == str(code), answer.text
    assert answer.status == status
    assert answer.text.startswith(f"Code: {code}. DB::")
    assert "(version 26." in answer.text


def test_invalid_utf8_is_passed_through(server: RunningServer) -> None:
    assert server.run(b"select hex('\xff\xfe')") == "FFFE\n"
    assert server.ask(b"select \xff\xfe").status == 400


def test_get_only_reads(server: RunningServer) -> None:
    url, login = f"http://127.0.0.1:{server.port}/", ("admin", password("admin"))
    answer = requests.get(
        url, params={"query": "create table xapi.never (x Int8) engine = Memory"}, auth=login, timeout=5
    )
    assert answer.headers["X-ClickHouse-Exception-Code"] == "164"
    assert requests.get(url, params={"query": "show databases"}, auth=login, timeout=5).ok


def test_error_in_the_middle_of_a_result(server: RunningServer) -> None:
    answer = server.ask("select number, throwIf(number = 3000000, 'too far') from numbers(10000000)")
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    assert answer.status == 200
    assert f"\r\n__exception__\r\n{tag}\r\nCode: 395. DB::Exception: too far" in answer.text
    assert answer.text.endswith(f" {tag}\r\n__exception__\r\n")
    whole = server.ask("select number, throwIf(number = 3000000) from numbers(10000000)", wait_end_of_query=1)
    assert whole.headers["X-ClickHouse-Exception-Code"] == "395"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "lz4", "zstd"])
def test_compressed_both_ways(server: RunningServer, encoding: str) -> None:
    compress = {"gzip": gzip.compress, "deflate": zlib.compress, "lz4": lz4.frame.compress, "zstd": zstd.compress}
    expand = {"gzip": gzip.decompress, "deflate": zlib.decompress, "lz4": lz4.frame.decompress, "zstd": zstd.decompress}
    answer = requests.post(
        f"http://127.0.0.1:{server.port}/",
        params={"enable_http_compression": 1},
        data=compress[encoding](b"select number from numbers(300000)"),
        headers={"Content-Encoding": encoding, "Accept-Encoding": encoding},
        auth=("admin", password("admin")),
        stream=True,
        timeout=20,
    )
    assert answer.headers["Content-Encoding"] == encoding
    plain = expand[encoding](answer.raw.read(decode_content=False))
    assert plain.splitlines()[-1] == b"299999"
    assert server.ask("select 1", enable_http_compression=0, headers={"Accept-Encoding": encoding}).text == "1\n"


def test_progress_in_headers(server: RunningServer) -> None:
    answer = server.ask(
        "select count() from numbers(60000000) where sipHash64(number) = 1", send_progress_in_http_headers=1
    )
    steps = answer.headers["X-ClickHouse-Progress"]
    assert '"total_rows_to_read":"60000000"' in steps


def test_a_slow_query_holds_up_nobody(server: RunningServer) -> None:
    slow = threading.Thread(target=server.ask, args=("select sleep(2)",))
    slow.start()
    time.sleep(0.2)
    assert server.run("select count() from system.processes where query like '%sleep(2)%'") == "2\n"
    assert slow.is_alive()
    slow.join()


def test_processes_and_query_log_show_the_clients_query_id(server: RunningServer) -> None:
    assert (
        server.run("select query_id, user from system.processes where query_id = 'p1'", query_id="p1") == "p1\tadmin\n"
    )
    assert (
        server.run("select query_id(), currentUser(), user()", user="report", query_id="p2") == "p2\treport\treport\n"
    )
    assert "p3" in server.run("show processlist", query_id="p3")
    server.run("system flush logs")
    logged = server.run("select user, read_rows from system.query_log where query_id = 'p2' and type = 'QueryFinish'")
    assert logged == "report\t1\n"


def test_what_a_dashboard_asks_is_limited(server: RunningServer) -> None:
    """In time and in memory: others work on the same machine."""
    assert server.run("select getSetting('max_execution_time')", user="report") == "60\n"
    assert server.run("select getSetting('max_memory_usage')", user="report") == "4000000000\n"
    assert server.run("select getSetting('max_memory_usage')", user="lrs") != "4000000000\n"


@pytest.mark.parametrize("mode", ["", "sync", "async"])
def test_kill_query(server: RunningServer, mode: str) -> None:
    answers = []
    query_id = f"victim-{mode}"
    victim = threading.Thread(
        target=lambda: answers.append(
            server.ask("select count() from numbers(1000000000000)", user="report", query_id=query_id)
        )
    )
    victim.start()
    server.wait_for(f"select 1 from system.processes where query_id = '{query_id}'", "1\n")
    assert server.run(f"kill query where query_id = '{query_id}'", user="lrs") == ""
    killed = server.run(f"kill query where query_id = '{query_id}' {mode} format JSONEachRow")
    assert json.loads(killed)["query_id"] == query_id
    victim.join(20)
    assert answers[0].headers["X-ClickHouse-Exception-Code"] == "394"


def test_a_client_that_goes_away_ends_its_query(server: RunningServer) -> None:
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.post(
            f"http://127.0.0.1:{server.port}/",
            params={"query_id": "gone", "cancel_http_readonly_queries_on_client_close": 1},
            data="select count() from numbers(1000000000000)",
            auth=("admin", password("admin")),
            timeout=0.5,
        )
    server.wait_for("select 1 from system.processes where query_id = 'gone'", "")


def test_long_urls(server: RunningServer) -> None:
    numbers = ",".join(str(n) for n in range(7000))
    url = f"http://127.0.0.1:{server.port}/"
    answer = requests.get(
        url, params={"query": f"select length([{numbers}])"}, auth=("admin", password("admin")), timeout=20
    )
    assert answer.text == "7000\n"
