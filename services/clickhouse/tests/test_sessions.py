"""Sessions, and that nothing stays behind without one."""

import threading
import time

from .conftest import RunningServer


def test_temporary_tables_and_settings_live_in_a_session(server: RunningServer) -> None:
    server.run("create temporary table mine (a UInt32)", session_id="s1")
    server.run("insert into mine values (1)", session_id="s1")
    server.run("set max_threads = 5", session_id="s1")
    server.run("use xapi", session_id="s1")
    assert (
        server.run("select a, getSetting('max_threads'), currentDatabase() from mine", session_id="s1")
        == "1\t5\txapi\n"
    )
    assert server.run("select getSetting('max_threads')", session_id="s1", max_threads=2) == "2\n"
    assert server.run("select getSetting('max_threads')", session_id="s1") == "5\n"
    assert server.run("select currentDatabase()", session_id="s1", database="reporting") == "reporting\n"
    assert server.run("select currentDatabase()", session_id="s1") == "xapi\n"
    server.run("set max_threads = default", session_id="s1")
    assert server.run("select getSetting('max_threads') = 5", session_id="s1") == "0\n"
    assert server.ask("select * from mine", session_id="s1", user="dbt").status in (403, 404)


def test_nothing_stays_without_a_session(server: RunningServer) -> None:
    for _ in range(3):
        server.run("set max_threads = 7")
        server.run("create temporary table gone (a UInt32)")
        server.run("use xapi")
        assert server.run("select getSetting('max_threads') = 7, currentDatabase()") == "0\tdefault\n"
        assert server.ask("select * from gone").headers["X-ClickHouse-Exception-Code"] == "60"


def test_a_session_serves_one_request_at_a_time(server: RunningServer) -> None:
    slow = threading.Thread(target=server.ask, args=("select sleep(1.5)",), kwargs={"session_id": "busy"})
    slow.start()
    time.sleep(0.5)
    answer = server.ask("select 1", session_id="busy")
    assert answer.headers["X-ClickHouse-Exception-Code"] == "373"
    slow.join()
    assert server.run("select 1", session_id="busy") == "1\n"


def test_sessions_end(server: RunningServer) -> None:
    assert server.ask("select 1", session_id="never", session_check=1).headers["X-ClickHouse-Exception-Code"] == "372"
    server.run("select 1", session_id="short", session_timeout=1)
    server.run("select 1", session_id="short", session_check=1, session_timeout=1)
    time.sleep(3)
    assert server.ask("select 1", session_id="short", session_check=1).headers["X-ClickHouse-Exception-Code"] == "372"
    assert (
        server.ask("select 1", session_id="x", session_timeout="long").headers["X-ClickHouse-Exception-Code"] == "374"
    )
