"""Who may do what, and what somebody with the password of the least user could try."""

import pytest
import requests

from .conftest import RunningServer, password


@pytest.fixture
def view(server: RunningServer, table: str) -> str:
    """A view in reporting that reads a table in xapi, as dbt makes them."""
    server.run(f"create table {table} (a UInt32) engine = MergeTree order by a")
    server.run(f"insert into {table} values (1), (2)")
    server.run("create or replace view reporting.of_events as select * from " + table, user="dbt")
    return "reporting.of_events"


@pytest.mark.parametrize("way", ["headers", "basic", "url"])
def test_wrong_password(server: RunningServer, way: str) -> None:
    logins = {
        "headers": {"headers": {"X-ClickHouse-User": "admin", "X-ClickHouse-Key": "wrong"}},
        "basic": {"auth": ("admin", "wrong")},
        "url": {"params": {"user": "admin", "password": "wrong"}},
    }
    answer = requests.post(f"http://127.0.0.1:{server.port}/", data="select 1", timeout=5, **logins[way])
    assert (answer.status_code, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "516")
    assert "admin: Authentication failed" in answer.text


def test_unknown_user_and_no_user(server: RunningServer) -> None:
    for login in (("nobody", "x"), None):
        answer = requests.post(f"http://127.0.0.1:{server.port}/", data="select 1", auth=login, timeout=5)
        assert answer.headers["X-ClickHouse-Exception-Code"] == "516"
    assert password("admin") not in answer.text


@pytest.mark.parametrize(("user", "database"), [("lrs", "xapi"), ("sink", "event_sink")])
def test_writers_write_their_own_database(server: RunningServer, user: str, database: str) -> None:
    for name in ("xapi", "event_sink", "reporting"):
        server.run(f"create table if not exists {name}.guarded (a UInt32) engine = MergeTree order by a")
        answer = server.ask(f"insert into {name}.guarded values (1)", user=user)
        if name == database:
            assert answer.status == 200
            assert server.ask(f"select * from {name}.guarded", user=user).status == 200
        else:
            assert (answer.status, answer.headers["X-ClickHouse-Exception-Code"]) == (403, "497")
            assert f"{user}: Not enough privileges" in answer.text
            assert f"INSERT(a) ON {name}.guarded" in answer.text or f"INSERT ON {name}.guarded" in answer.text
            assert server.ask(f"select * from {name}.guarded", user=user).status == 403


def test_report_reads_views_but_not_what_is_under_them(server: RunningServer, view: str, table: str) -> None:
    assert server.run(f"select sum(a) from {view}", user="report") == "3\n"
    assert server.ask(f"select * from {table}", user="report").status == 403
    assert server.run("show tables from reporting like 'of_events'", user="report") == "of_events\n"
    assert (
        server.run(f"select sum(a) from {view}", user="report", max_memory_usage=10**9, max_execution_time=9) == "3\n"
    )


def test_views_run_as_the_user_who_made_them(server: RunningServer, view: str, table: str) -> None:
    for clause in ("sql security definer", "definer = current_user sql security definer"):
        server.run(f"create or replace view {view} {clause} as select a from {table}", user="dbt")
        assert "DEFINER = dbt" in server.run(f"show create {view} format TSVRaw")
    assert (
        server.ask(f"create or replace view {view} definer = admin sql security definer as select 1", user="dbt").status
        == 403
    )
    server.run(
        f"create or replace view {view} sql security definer as select name from system.one, system.users", user="admin"
    )


def test_materialized_views_and_dictionaries_of_dbt(server: RunningServer, table: str) -> None:
    server.run(f"create table {table} (a UInt64, b String) engine = MergeTree order by a")
    server.run("create or replace table reporting.target (a UInt64) engine = MergeTree order by a", user="dbt")
    server.run("drop view if exists reporting.to_target", user="dbt")
    server.run(f"create materialized view reporting.to_target to reporting.target as select a from {table}", user="dbt")
    server.run(f"insert into {table} values (1, 'one')", user="lrs")
    assert server.run("select a from reporting.target", user="report") == "1\n"
    name, bare = table, table.split(".")[1]
    source = f"clickhouse(user 'dbt' password '{password('dbt')}' db 'xapi' table '{bare}')".replace("p'ass", "p\\'ass")
    server.run(
        f"create or replace dictionary reporting.names (a UInt64, b String) primary key a source({source}) "
        "layout(flat()) lifetime(1)",
        user="dbt",
    )
    assert server.run("select dictGet('reporting.names', 'b', 1)", user="report") == "one\n"
    assert server.ask("select dictGet('reporting.names', 'b', 1)", user="lrs").status == 403
    server.run("drop view reporting.to_target", user="dbt")
    server.run(f"insert into {name} values (2, 'two')")
    for _ in range(80):
        if server.run("select dictGet('reporting.names', 'b', 2)", user="report") == "two\n":
            break
        server.run("select sleep(0.1)")
    else:
        raise AssertionError("the dictionary was not reloaded")
    server.run("drop dictionary reporting.names", user="dbt")


ATTACKS = [
    "select * from file('/etc/passwd', 'CSV', 'x String')",
    "select file('/etc/passwd')",
    "select `fi\\x6ce`('/etc/passwd')",
    "select arrayMap(x -> file(x), ['/etc/passwd'])",
    "with (select file('/etc/passwd')) as x select x",
    "select * from view(select file('/etc/passwd'))",
    "select '/etc/passwd' as x, * apply(file) from (select '/etc/passwd' as y)",
    "select * from /* */ url('http://127.0.0.1:1/', 'CSV', 'x String')",
    "select * from remote('127.0.0.1', system.one)",
    "select * from remote('127.0.0.1', 'xapi', 'secret', 'admin', 'x')",
    "select * from clusterAllReplicas('default', system.processes)",
    "select * from s3('http://127.0.0.1:1/a/b', 'CSV', 'x String')",
    "select * from mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
    "select * from executable('id', 'CSV', 'x String')",
    "select * from python('os')",
    "select * from Python(environ)",
    "select * from filesystem('/etc')",
    "select * from eval('select 1')",
    "select * from format(Values, 'x String', $$(file('/etc/passwd'))$$)",
    "select * from merge('system', '.*')",
    "select * from merge('xapi', '.*')",
    "select * from mergeTreeIndex('xapi', 'secret')",
    "select * from xapi.secret",
    "select (select count() from xapi.secret)",
    "select 1 in (xapi.secret)",
    "select 1 in (system.processes)",
    "select * from {d:Identifier}.{t:Identifier}",
    "select * from system.users",
    "select * from system.`named_collections`",
    "select * from system.query_thread_log",
    "select * from system.server_settings",
    "select getServerSetting('path')",
    "select 1 settings additional_table_filters = {'system.one': 'file(\\'/etc/passwd\\') = 1'}",
    "select 1 settings implicit_table_at_top_level = 'system.users'",
    "select 1 settings dialect = 'kusto'",
    "select 1 settings format_schema = '/etc/passwd'",
    "select 1 settings filter = 'file(\\'/etc/passwd\\') != \\'\\''",
    "select 1 settings readonly = 0",
    "set readonly = 0",
    "set role admin_role",
    "set role default",
    "set default_view_definer = 'admin'",
    "use system",
    "execute as admin select 1",
    "select 1 into outfile '/tmp/x'",
    "explain select * from xapi.secret",
    "explain ast select file('/etc/passwd')",
    "describe file('/etc/passwd')",
    "describe (select file('/etc/passwd'))",
    "insert into xapi.secret values (1)",
    "insert into reporting.guarded select * from xapi.secret",
    "insert into function file('/tmp/x', 'CSV', 'x String') values ('x')",
    "insert into function null('x String') select file('/etc/passwd')",
    "create table reporting.mine (a UInt32) engine = Memory",
    "create temporary table mine (a UInt32)",
    "create function mine as x -> file(x)",
    "create view reporting.mine definer = admin sql security definer as select * from xapi.secret",
    "alter table reporting.guarded delete where 1",
    "truncate table reporting.guarded",
    "drop table reporting.guarded",
    "optimize table reporting.guarded",
    "system flush logs",
    "system shutdown",
    "backup database xapi to File('x')",
    "grant all on *.* to report",
    "create user me",
    "copy xapi.secret to stdout",
    "select 1; select * from xapi.secret",
    "select 1 --\n; drop table reporting.guarded",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_report_cannot(server: RunningServer, attack: str) -> None:
    for name in ("xapi.secret", "reporting.guarded"):
        server.run(f"create table if not exists {name} (a UInt32) engine = MergeTree order by a")
    answer = server.ask(attack, user="report", param_d="xapi", param_t="secret")
    assert answer.status in (400, 403, 404, 500), answer.text
    assert answer.text.startswith("Code: ")
    assert "root:" not in answer.text
    assert server.run("exists reporting.guarded") == "1\n"


@pytest.mark.parametrize(
    "values",
    ["(1, file('/etc/passwd'))", "(1, `fi\\x6ce`('/etc/passwd'))", "(1, 'x'), (2, concat('', file('/etc/passwd')))"],
)
def test_rows_cannot_read_files_either(server: RunningServer, table: str, values: str) -> None:
    server.run(f"create table {table} (a UInt32, b String) engine = MergeTree order by a")
    assert server.ask(f"insert into {table} values {values}", user="lrs").status >= 400
    assert server.run(f"select count() from {table}") == "0\n"
    server.run(f"insert into {table} values (1, upper('x')), (2, toString(now()))", user="lrs")


@pytest.mark.parametrize(
    "name", ["additional_table_filters", "dialect", "format_schema", "s3queue_default_zookeeper_path"]
)
def test_settings_in_the_url_that_are_not_for_everybody(server: RunningServer, name: str) -> None:
    assert server.ask("select 1", user="report", **{name: "x"}).headers["X-ClickHouse-Exception-Code"] == "452"


@pytest.mark.parametrize(
    "query",
    [
        "select * from system.one",
        "select count() from numbers(3)",
        "select name from system.databases",
        "select name, engine from system.tables",
        "select * from system.columns limit 1",
        "select name from system.functions",
        "select name, value from system.settings",
        "select * from system.dictionaries",
        "select * from system.build_options",
        "select * from system.contributors limit 1",
        "select * from information_schema.tables",
        "select version(), timezone(), currentDatabase()",
        "show databases",
        "show tables from reporting",
        "show create database reporting",
        "show columns from system.one",
        "exists reporting.nothing",
        "describe system.one",
        "show settings like 'max_threads'",
        "set max_threads = 1",
        "use reporting",
        "explain select 1",
    ],
)
def test_report_can_find_its_way(server: RunningServer, query: str) -> None:
    assert server.ask(query, user="report").status == 200


def test_users_see_their_own_queries_only(server: RunningServer) -> None:
    assert server.run("select distinct user from system.processes", user="report") == "report\n"
    server.run("select 'by admin'")
    server.run("system flush logs")
    assert server.run("select count() from system.query_log where user != 'report'", user="report") == "0\n"


def test_who_is_granted_a_system_table_reads_all_of_it_and_views_show_a_part(server: RunningServer) -> None:
    server.run("select 'by admin' as what")
    server.run("system flush logs")
    assert server.run("select count() > 0 from system.query_log where user = 'admin'", user="dbt") == "1\n"
    assert server.run("select count() > 0 from system.metrics", user="dbt") == "1\n"
    view = (
        "create or replace view reporting.of_queries as select user, count() as times from system.query_log group by 1"
    )
    server.run(view, user="dbt")
    assert "admin" in server.run("select user from reporting.of_queries", user="report")
    assert server.ask("select * from system.metrics", user="report").status == 403
    assert server.ask("select * from system.users", user="dbt").status == 403
