"""The rules of assets.check about SQL, on the running engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets.check import check, check_here
from aspects.assets.engine import Engine
from aspects.assets.engine_types import plain_type
from tests.conftest import Stack

DATABASE = {
    "version": "1.0.0",
    "uuid": "11111111-0000-4000-8000-000000000001",
    "database_name": "Warehouse",
    "sqlalchemy_uri": "clickhousedb://report@localhost/reporting",
    "extra": {},
}
SQL = """\
-- The learners of each course.
select course_key, toUInt64(count()) as learners
from enrollments
where
    true
    {% if filter_values("org") %} and org in {{ filter_values("org") | where_in }} {% endif %}
group by course_key
"""
COLUMNS = [("course_key", "String"), ("learners", "UInt64")]


@pytest.fixture
def engine(stack: Stack) -> Iterator[Engine]:
    engine = Engine.of(stack.settings, stack.secrets["CLICKHOUSE_REPORT_PASSWORD"])
    yield engine
    engine.close()


def assets(
    folder: Path, sql: str = SQL, columns: list[tuple[str, str]] = COLUMNS, metric: str = "sum(learners)"
) -> Path:
    dataset: dict[str, Any] = {
        "version": "1.0.0",
        "uuid": "11111111-0000-4000-8000-000000000002",
        "database_uuid": DATABASE["uuid"],
        "table_name": "learners",
        "schema": "reporting",
        "description": "Learners.",
        "sql": "SQL_HERE",
        "columns": [{"column_name": name, "verbose_name": name, "type": kind} for name, kind in columns],
        "metrics": [{"metric_name": "learners", "verbose_name": "Learners", "expression": metric}],
    }
    written = yaml.safe_dump(dataset, sort_keys=False)
    files = {
        "databases/warehouse.yaml": yaml.safe_dump(DATABASE),
        "datasets/learners.yaml": written.replace("SQL_HERE", '<< query("learners") >>'),
        "queries/learners.sql": sql,
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_our_datasets_fit_the_warehouse(stack: Stack) -> None:
    report = check_here(stack.settings, ignore=["T004"])

    assert report.findings == []
    assert report.skipped == []


def test_sound_sql_has_no_findings(engine: Engine, tmp_path: Path) -> None:
    assert check(assets(tmp_path), {}, engine, select=["S"]).findings == []


@pytest.mark.parametrize(
    ("code", "changes", "file", "line", "says"),
    [
        ("S001", {"sql": SQL.replace("from enrollments", "from enrolments")}, "queries/learners.sql", 3, "enrolments"),
        ("S001", {"sql": SQL.replace("group by", "grup by")}, "queries/learners.sql", 7, "Syntax error"),
        ("S001", {"sql": SQL.replace("and org in", "and orgg in")}, "queries/learners.sql", 6, "with org set"),
        ("S002", {"columns": [*COLUMNS, ("mode", "String")]}, "datasets/learners.yaml", 15, "'mode' is not among"),
        ("S003", {"columns": COLUMNS[:1], "metric": "count()"}, "datasets/learners.yaml", 8, "'learners'"),
        (
            "S004",
            {"columns": [COLUMNS[0], ("learners", "String")]},
            "datasets/learners.yaml",
            12,
            "is UInt64, not String",
        ),
        ("S004", {"columns": [COLUMNS[0], ("learners", "")]}, "datasets/learners.yaml", 12, "has no type"),
        ("S005", {"metric": "sum(learnrs)"}, "datasets/learners.yaml", 16, "metric 'learners' is not valid"),
        ("S006", {"sql": SQL.replace("{% endif %}", "")}, "queries/learners.sql", 6, "does not render"),
    ],
)
def test_a_rule_finds_its_defect(
    code: str, changes: dict[str, Any], file: str, line: int, says: str, engine: Engine, tmp_path: Path
) -> None:
    found = check(assets(tmp_path, **changes), {}, engine, select=["S"]).findings

    assert [(each.rule, each.file, each.line) for each in found] == [(code, file, line)]
    assert says in found[0].message


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"metrics": [{"expressionType": "SQL", "sqlExpression": "sum(lerners)", "label": "All"}]}, "metric 'All'"),
        (
            {"adhoc_filters": [{"expressionType": "SQL", "clause": "WHERE", "sqlExpression": "learners >"}]},
            "a condition",
        ),
        ({"groupby": [{"expressionType": "SQL", "sqlExpression": "upper(org)", "label": "O"}]}, "column 'O'"),
    ],
)
def test_sql_that_a_chart_brings_along_is_prepared_too(
    params: dict[str, Any], says: str, engine: Engine, tmp_path: Path
) -> None:
    sound = {"expressionType": "SQL", "sqlExpression": "sum(learners) / 2", "label": "Half"}
    chart = {
        "version": "1.0.0",
        "uuid": "11111111-0000-4000-8000-000000000003",
        "dataset_uuid": "11111111-0000-4000-8000-000000000002",
        "slice_name": "Learners",
        "viz_type": "table",
        "params": {"metrics": [sound], **params},
    }
    folder = assets(tmp_path)
    (folder / "charts").mkdir()
    (folder / "charts/learners.yaml").write_text(yaml.safe_dump(chart))

    found = check(folder, {}, engine, select=["S"]).findings

    assert [(each.rule, each.file) for each in found] == [("S007", "charts/learners.yaml")]
    assert says in found[0].message


def test_fix_writes_the_type_that_the_engine_returns(engine: Engine, tmp_path: Path) -> None:
    folder = assets(tmp_path, columns=[COLUMNS[0], ("learners", "String")])

    report = check(folder, {}, engine, select=["S"], fix=True)

    assert (report.findings, [each.rule for each in report.mended]) == ([], ["S004"])
    assert "type: UInt64" in (folder / "datasets/learners.yaml").read_text()


def test_sql_that_would_write_is_refused(engine: Engine, tmp_path: Path) -> None:
    found = check(assets(tmp_path, sql="select 1); drop table enrollments --"), {}, engine, select=["S"]).findings

    assert {each.rule for each in found} == {"S001"}


def test_the_command_finds_drift_and_says_where(stack: Stack, tmp_path: Path) -> None:
    folder = assets(tmp_path, sql=SQL.replace("from enrollments", "from enrolments"))

    done = stack.inv("assets.check", str(folder), "--select", "S", "--json")

    assert done.status == 1
    assert [each["rule"] for each in done.json["findings"]] == ["S001"]
    assert done.json["skipped"] == []


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("LowCardinality(Nullable(String))", "String"),
        ("Nullable(DateTime64(6, 'UTC'))", "DateTime"),
        ("DateTime('UTC')", "DateTime"),
        ("BIGINT", "Int64"),
        ("Array(String)", "Array(String)"),
        ("Date32", "Date"),
    ],
)
def test_types_are_compared_as_a_reader_sees_them(name: str, plain: str) -> None:
    assert plain_type(name) == plain
