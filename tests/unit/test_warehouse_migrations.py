"""Migrations as files: what they render to, and what the database's history allows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aspects.errors import AspectsError
from aspects.warehouse.migrate import Migration, check_history, load_migrations, render

CONTRACTS = {
    "xapi.xapi_events_all": "event_id emission_time event",
    "event_sink.course_overviews": "org course_key display_name course_start course_end enrollment_start enrollment_end"
    " self_paced course_data_json created modified dump_id time_last_dumped",
    "event_sink.course_blocks": "org course_key location display_name xblock_data_json order edited_on dump_id"
    " time_last_dumped",
    "event_sink.course_enrollment": "id course_key created is_active mode username user_id dump_id time_last_dumped",
    "event_sink.user_profile": "id user_id name username email meta courseware language location year_of_birth gender"
    " level_of_education mailing_address city country state goals bio profile_image_uploaded_at phone_number dump_id"
    " time_last_dumped",
    "event_sink.external_id": "external_user_id external_id_type username user_id dump_id time_last_dumped",
    "event_sink.tag": "id taxonomy parent value external_id lineage dump_id time_last_dumped",
    "event_sink.taxonomy": "id name dump_id time_last_dumped",
    "event_sink.object_tag": "id object_id taxonomy tag _value _export_id lineage dump_id time_last_dumped",
}
"""A live Open edX inserts by position: these orders may never change."""

RUNS_TWICE = re.compile(
    r"create (database|table|function|materialized view) if not exists |create or replace |insert into \S+\s+select "
    r"|alter table \S+( on cluster \S+)?\s+(modify |add column if not exists |materialize column )"
)


def all_statements(cluster: str = "") -> list[str]:
    return [statement for migration in load_migrations() for statement in render(migration.text, cluster)]


def without_comments(statement: str) -> str:
    return "\n".join(line for line in statement.splitlines() if not line.startswith("--")).strip()


@pytest.mark.parametrize("table", CONTRACTS)
def test_the_columns_that_others_write_keep_their_order(table: str) -> None:
    (create,) = [statement for statement in all_statements() if f"create table if not exists {table} " in statement]
    columns = re.findall(r"^    `?(\w+)`? \w", create.split("\n)\n")[0], flags=re.MULTILINE)
    assert columns == CONTRACTS[table].split()


@pytest.mark.parametrize("cluster", ["", "main"])
def test_every_statement_can_run_twice(cluster: str) -> None:
    for statement in all_statements(cluster):
        first = without_comments(statement)
        assert RUNS_TWICE.match(first), first


def test_a_cluster_adds_replicas_and_a_table_over_all_shards_and_nothing_else() -> None:
    one_node, cluster = all_statements(), all_statements("main")
    assert not any("cluster" in statement for statement in one_node)
    # What was stored before goes through the tables over all shards, from any node.
    filling = [statement for statement in cluster if without_comments(statement).startswith("insert into")]
    assert not any("_local" in statement for statement in filling)
    assert all("on cluster 'main'" in statement for statement in cluster if statement not in filling)
    local = [statement for statement in cluster if "engine = Replicated" in statement]
    over_all = [statement for statement in cluster if "engine = Distributed('main'" in statement]
    assert len(local) == len(over_all) == sum("engine = " in statement for statement in one_node) > len(CONTRACTS)
    as_one_node = [
        re.sub(r"\bReplicated(?=\w*MergeTree)|on cluster 'main'", "", statement).replace("_local", "")
        for statement in cluster
        if statement not in over_all
    ]
    assert [" ".join(each.split()) for each in as_one_node] == [" ".join(each.split()) for each in one_node]


def test_comments_alone_are_no_statement() -> None:
    assert render("-- nothing\n\ncreate database a;\n-- the end\n") == ["-- nothing\n\ncreate database a"]


@pytest.mark.parametrize(
    ("files", "says"),
    [
        (["0001_a.sql", "0003_b.sql"], "each once"),
        (["0001_a.sql", "0001_b.sql"], "each once"),
        (["1_a.sql"], "four digits"),
    ],
)
def test_a_bad_number_is_an_error(tmp_path: Path, files: list[str], says: str) -> None:
    for name in files:
        (tmp_path / name).write_text("create database if not exists a;")
    with pytest.raises(ValueError, match=says):
        load_migrations(tmp_path)


FIRST = Migration(1, "0001_first", "create database if not exists a;", "aa")
SECOND = Migration(2, "0002_second", "create database if not exists b;", "bb")


def test_a_database_that_has_only_known_migrations_is_fine() -> None:
    check_history([FIRST, SECOND], {1: ("0001_first", "aa")})


def test_a_migration_that_was_edited_afterwards_is_named() -> None:
    with pytest.raises(AspectsError) as error:
        check_history([FIRST, SECOND], {1: ("0001_first", "other")})
    assert error.value.code == "warehouse.edited"
    assert "0001_first" in error.value.message
    assert "new migration" in error.value.fix


def test_a_database_newer_than_the_code_is_refused() -> None:
    with pytest.raises(AspectsError) as error:
        check_history([FIRST], {1: ("0001_first", "aa"), 2: ("0002_second", "bb")})
    assert error.value.code == "warehouse.newer"
    assert "0002_second" in error.value.why
