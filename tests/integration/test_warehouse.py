"""Migrations, the client and dbt against a real server."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import sleep

import pytest

from aspects.bench.copies import copy_courses
from aspects.errors import AspectsError
from aspects.settings import ROOT
from aspects.warehouse import dbt
from aspects.warehouse.access import access_statements
from aspects.warehouse.client import connect
from aspects.warehouse.migrate import FOLDER, load_migrations, migrate, render
from aspects.warehouse.query import query
from tests.conftest import free_port
from tests.integration.conftest import Warehouse
from tests.integration.statements import Row, empty, row_of, store
from tests.waiting import wait_for

LATEST = load_migrations()[-1].number
COURSE = "course-v1:OpenU+Bio101+2025_T1"
BLOCK = "block-v1:OpenU+Bio101+2025_T1+type@"


def sample() -> list[Row]:
    file = ROOT / "tests" / "data" / "one-per-kind.jsonl"
    return [row_of(json.loads(line)) for line in file.read_text().splitlines()]


def test_a_second_run_of_the_migrations_has_nothing_to_do(warehouse: Warehouse) -> None:
    again = migrate(warehouse.settings)
    assert again.applied == again.statements == []
    assert again.version == LATEST
    assert again.users == "server"


def test_a_dry_run_shows_the_sql_and_changes_nothing(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "migrations")
    (folder / f"{LATEST + 1:04}_more.sql").write_text("create database if not exists more {{ on_cluster }};\n")
    planned = migrate(warehouse.settings, dry_run=True, folder=folder)
    assert planned.applied == [f"{LATEST + 1:04}_more"]
    assert planned.statements == ["create database if not exists more"]
    assert planned.version == LATEST
    assert warehouse.rows("exists database more", user="admin") == [(0,)]


def test_an_edited_migration_and_a_newer_database_are_refused(warehouse: Warehouse, tmp_path: Path) -> None:
    edited = shutil.copytree(FOLDER, tmp_path / "edited")
    with (edited / "0001_databases.sql").open("a") as file:
        file.write("create database if not exists one_more;\n")
    with pytest.raises(AspectsError, match="0001_databases was changed"):
        migrate(warehouse.settings, folder=edited)
    older = shutil.copytree(FOLDER, tmp_path / "older")
    next(older.glob(f"{LATEST:04}_*")).unlink()
    with pytest.raises(AspectsError, match="newer than this code"):
        migrate(warehouse.settings, folder=older)


def test_a_migration_that_fails_names_its_statement_and_can_be_run_again(warehouse: Warehouse, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "migrations")
    wrong = folder / f"{LATEST + 1:04}_wrong.sql"
    wrong.write_text("create table if not exists reporting.wrong (a Strin) engine = Memory;\n")
    with pytest.raises(AspectsError) as error:
        migrate(warehouse.settings, folder=folder)
    assert error.value.code == "warehouse.migration"
    assert "a Strin" in error.value.why
    assert "Strin" in error.value.why.splitlines()[0]
    assert migrate(warehouse.settings).version == LATEST


def test_runs_at_once_do_not_break_on_this_machine_or_on_two(warehouse: Warehouse, tmp_path: Path) -> None:
    client = warehouse.client("admin")
    client.command("drop database aspects sync")
    elsewhere = warehouse.settings.model_copy(update={"state": tmp_path})
    shutil.copy(warehouse.settings.state / "secrets.env", tmp_path)
    program = (
        "import sys; from aspects.settings import Settings; from aspects.warehouse.migrate import migrate;"
        "migrate(Settings.model_validate_json(sys.argv[1]))"
    )
    runs = [
        subprocess.Popen([sys.executable, "-c", program, settings.model_dump_json()], stderr=subprocess.PIPE)
        for settings in (warehouse.settings, warehouse.settings, elsewhere)
    ]
    for run in runs:
        _, errors = run.communicate(timeout=120)
        assert run.returncode == 0, errors.decode()
    numbers = client.query("select distinct number from aspects.migrations order by number").result_columns[0]
    client.close()
    assert list(numbers) == [migration.number for migration in load_migrations()]
    assert migrate(warehouse.settings).applied == []


def test_the_statements_for_a_cluster_are_ones_that_clickhouse_reads(warehouse: Warehouse) -> None:
    cluster = warehouse.settings.model_copy(update={"cluster": "main"})
    statements = [each for migration in load_migrations() for each in render(migration.text, "main")]
    client = warehouse.client("admin")
    for statement in [*statements, *access_statements(cluster)]:
        assert client.query(f"explain ast {statement}").result_rows, statement
    client.close()


def test_a_live_lms_writes_csv_by_position(warehouse: Warehouse) -> None:
    client = warehouse.client("sink")
    row = (
        'OpenU,course-v1:OpenU+Csv+1,"Written, by position",2025-01-01 00:00:00+00:00,,,,True,"{""a"": 1}",'
        "2024-12-01 00:00:00+00:00,2024-12-02 00:00:00+00:00,6f2b8b0e-4a6c-4f2e-9a57-5d2c1f0a7b11,{time}\n"
    )
    for time in ("2025-01-02 10:00:00.500000+00:00", "2025-01-02T09:00:00Z"):
        client.raw_insert("event_sink.course_overviews", insert_block=row.replace("{time}", time), fmt="CSV")
    client.close()
    found = warehouse.rows(
        "select course_name, self_paced, course_end, published_at from reporting.courses where course_key like '%Csv%'"
    )
    ((name, self_paced, end, published),) = found
    assert (name, self_paced, end) == ("Written, by position", True, None)
    assert str(published) == "2025-01-02 10:00:00.500000"


def test_each_course_can_be_had_several_times_for_a_measurement(warehouse: Warehouse) -> None:
    """Once, however often it is asked for, and in everything that charts read."""
    empty(warehouse)
    store(warehouse, sample())
    ask = "select uniqExact(course_key), count() from reporting.{} where course_key != ''".format
    before = {table: warehouse.rows(ask(table)) for table in ("events", "enrollments", "page_visits", "courses")}
    client = warehouse.client("admin")
    for _ in range(2):
        copy_courses(client, 3)
    client.close()
    for table, ((courses, rows),) in before.items():
        assert warehouse.rows(ask(table)) == [(3 * int(str(courses)), 3 * int(str(rows)))], table
    learners = "select count() from reporting.enrollments where course_key = '{}'".format
    assert warehouse.rows(learners(f"{COURSE}_3")) == warehouse.rows(learners(COURSE))
    empty(warehouse)


def test_a_late_publish_names_a_course_whose_statements_are_there(warehouse: Warehouse) -> None:
    store(warehouse, sample())
    ask = f"select distinct course_name from reporting.enrollments where course_key = '{COURSE}'"
    assert warehouse.rows(ask) == [(COURSE,)]
    client = warehouse.client("sink")
    for name, day in (("Biology, renamed", 3), ("Biology", 2)):
        client.insert(
            "event_sink.course_overviews",
            [[COURSE, name, datetime(2025, 3, day, tzinfo=UTC)]],
            column_names=["course_key", "display_name", "time_last_dumped"],
        )
    wait_for([("Biology, renamed",)], lambda: warehouse.rows(ask))
    warehouse.client("admin").command("truncate table event_sink.course_overviews")
    client.close()


def test_one_statement_of_every_kind_is_stored_with_its_course_block_and_verb(warehouse: Warehouse) -> None:
    empty(warehouse)
    rows = sample()
    store(warehouse, rows)
    ids = ", ".join(f"'{row[0]}'" for row in rows)
    refused = warehouse.rows(f"select reason, statement from reporting.refused_statements where event_id in ({ids})")
    assert refused == []
    found = warehouse.rows(
        "select verb_id, course_key, replaceOne(block_id, 'block-v1:OpenU+Bio101+2025_T1+type@', ''), question, kind"
        f" from reporting.events where event_id in ({ids}) order by event_time"
    )
    assert [row[0] for row in found] == [json.loads(row[2])["verb"]["id"] for row in rows]
    assert {row[1] for row in found} == {COURSE, "ccx-v1:OpenU+Bio101+2025_T1+ccx@7"}
    assert [row[2:] for row in found] == KINDS


KINDS = [
    *[("", "", "enrollment")] * 3,
    *[("", "", "course_result")] * 2,
    ("", "", "grade"),
    ("sequential+block@week1", "", "grade"),
    ("problem+block@cells", "", "problem_evaluated"),
    ("problem+block@enzymes", "", "problem_evaluated"),
    ("problem+block@enzymes", "2_1", "problem_evaluated"),
    ("problem+block@enzymes", "3_1", "problem_evaluated"),
    ("problem+block@cells", "", "problem_attempted"),
    ("problem+block@cells", "", "problem_completed"),
    *[("problem+block@cells", "", "hint")] * 2,
    *[("sequential+block@week1", "", "navigation")] * 2,
    ("", "", "navigation"),
    ("vertical+block@unit3", "", "navigation"),
    *[("video+block@mitosis", "", "video")] * 7,
    ("vertical+block@unit3", "", "completion"),
    *[("", "", "forum")] * 8,
    *[("sequential+block@exam", "", "exam")] * 2,
    ("html+block@circus", "", "other"),
    *[("problem+block@cells", "", "problem_attempted")] * 2,
    ("ccx-block-v1:OpenU+Bio101+2025_T1+ccx@7+type@problem+block@cells", "", "problem_evaluated"),
]
"""Block, question and kind of each line of the sample."""


def test_a_bad_statement_costs_that_statement_alone(warehouse: Warehouse) -> None:
    good = sample()
    bad = [row_of({**json.loads(good[0][2]), "id": f"00000000-0000-4000-8000-00000000000{n}"}) for n in range(4)]
    texts = [
        bad[0][2][:-10],
        bad[1][2].replace("registered", "registered\\ud800"),
        bad[2][2].replace('"timestamp": "2025', '"timestamp": "in 2025'),
        json.dumps({**json.loads(bad[3][2]), "actor": "ada", "padding": "x" * 2_000_000}),
    ]
    store(warehouse, [*good[:5], *((row[0], row[1], text) for row, text in zip(bad, texts, strict=True)), *good[5:]])
    refused = dict(
        warehouse.rows(
            "select toString(event_id), reason from reporting.refused_statements"
            " where toString(event_id) like '00000000-0000-4000-8000-%'"
        )
    )
    assert refused[str(bad[0][0])] == "invalid JSON"
    assert refused[str(bad[2][0])] == "timestamp is no time"
    assert refused[str(bad[3][0])] == "no actor"
    ids = ", ".join(f"'{row[0]}'" for row in good)
    assert warehouse.rows(f"select count() from reporting.events where event_id in ({ids})") == [(len(good),)]


def test_a_run_with_nothing_new_builds_nothing_and_a_missing_table_is_built(warehouse: Warehouse) -> None:
    assert dbt.run(warehouse.settings, always=False).unchanged
    assert dbt.run(warehouse.settings).names == []
    client = warehouse.client("admin")
    client.command("drop view reporting.enrollments")
    client.close()
    assert not dbt.run(warehouse.settings, always=False).unchanged
    assert dbt.run(warehouse.settings, always=False).unchanged


def test_a_selection_of_nothing_is_an_error(warehouse: Warehouse) -> None:
    with pytest.raises(AspectsError, match="no model enrolments") as error:
        dbt.run(warehouse.settings, ["enrolments"])
    assert error.value.code == "dbt.no_model"


def test_only_a_model_that_changed_is_rebuilt(warehouse: Warehouse) -> None:
    created = (
        "select name, uuid from system.tables where database = 'reporting' and engine like '%MergeTree' order by 1"
    )
    before = warehouse.rows(created, user="dbt")
    client = warehouse.client("admin")
    client.command("alter table reporting.rollup_grades_trigger modify comment 'another model'")
    client.close()
    dbt.run(warehouse.settings)
    after = warehouse.rows(created, user="dbt")
    assert {row[0] for row in set(before) ^ set(after)} == {"rollup_grades"}
    assert dbt.run(warehouse.settings).names == []


def test_views_of_a_table_that_was_built_alone_are_replaced_by_the_next_run(warehouse: Warehouse) -> None:
    sleep(1)  # ClickHouse keeps the second in which something was altered
    assert dbt.run(warehouse.settings, ["rollup_grades"], full_refresh=True).names == ["rollup_grades"]
    assert dbt.run(warehouse.settings).names == ["subsection_grades"]
    assert dbt.run(warehouse.settings).names == []


def test_tables_that_others_fill_follow_the_types_that_they_are_made_of(warehouse: Warehouse, tmp_path: Path) -> None:
    """Else a join of them with another table cannot use the key."""
    types = "select table, type from system.columns where startsWith(table, 'answered_problems') and name = 'org'"
    root = tmp_path / "root"
    shutil.copytree(ROOT / "dbt", root / "dbt", ignore=shutil.ignore_patterns(*dbt.IGNORED))
    model = root / "dbt/models/problems/rollup_responses.sql"
    model.write_text(model.read_text().replace("    org,", "    cast(org, 'String') as org,", 1))
    chosen = ["rollup_responses", "answered_problems_dirty", "answered_problems_taken", "answered_problems"]

    dbt.run(warehouse.settings.model_copy(update={"root": root}), chosen)
    assert {kind for _, kind in warehouse.rows(types, user="dbt")} == {"String"}
    dbt.run(warehouse.settings, chosen)
    assert {kind for _, kind in warehouse.rows(types, user="dbt")} == {"LowCardinality(String)"}


def test_a_model_that_fails_is_named_with_its_file_and_message(warehouse: Warehouse, tmp_path: Path) -> None:
    root = tmp_path / "root"
    shutil.copytree(ROOT / "dbt", root / "dbt", ignore=shutil.ignore_patterns(*dbt.IGNORED))
    (root / "dbt" / "models" / "grades" / "wrong.sql").write_text("select no_such_function(1) as a\n")
    settings = warehouse.settings.model_copy(update={"root": root})
    with pytest.raises(AspectsError) as error:
        dbt.run(settings, ["wrong"])
    assert error.value.code == "dbt.failed"
    assert "dbt/models/grades/wrong.sql" in error.value.why
    assert "no_such_function" in error.value.why


def test_the_projects_own_tests_pass(warehouse: Warehouse) -> None:
    store(warehouse, sample())
    assert dbt.run_tests(warehouse.settings).built > 40


def test_report_reads_what_dashboards_show_and_nothing_else(warehouse: Warehouse) -> None:
    assert query(warehouse.settings, "select 1 as one").columns == ["one"]
    assert query(warehouse.settings, "select count() from reporting.courses").rows
    for forbidden in ("select * from xapi.xapi_events_all", "drop table reporting.statements"):
        with pytest.raises(AspectsError, match="refused"):
            query(warehouse.settings, forbidden)


def test_errors_of_the_client_say_what_to_do(warehouse: Warehouse, tmp_path: Path) -> None:
    with pytest.raises(AspectsError) as wrong:
        connect(warehouse.settings.model_copy(update={"state": tmp_path}))
    assert wrong.value.code == "warehouse.login"
    with pytest.raises(AspectsError) as down:
        connect(warehouse.settings.model_copy(update={"clickhouse_port": free_port()}))
    assert down.value.code == "warehouse.unreachable"
    assert "dev.up" in down.value.fix
    with pytest.raises(AspectsError) as missing:
        query(warehouse.settings, "select * from reporting.no_such_table", user="admin")
    assert "warehouse.migrate" in missing.value.fix
