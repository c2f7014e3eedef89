"""Each rule of assets.check finds its defect, in the right file and line, and is silent on sound assets.

The rules about SQL are in tests/integration/assets/test_assets_sql.py: they need an engine.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as some

from aspects.assets.check import FAMILIES, check
from aspects.assets.rules.registry import RULES
from aspects.assets.source import load_assets
from aspects.assets.translate import uuid_in
from aspects.errors import AspectsError
from aspects.settings import ROOT

Documents = dict[str, dict[str, Any]]
VALUES = {"host": "here", "settings": {}}
DBT = """
models:
- name: visits
  columns: [{name: org}, {name: course_key}, {name: visited, meta: {counts: sequences}}]
- name: totals
  columns: [{name: course_key}, {name: pages, config: {meta: {counts: units}}}]
"""
UUID = "11111111-0000-4000-8000-00000000000{}".format
MISSING = "99999999-0000-4000-8000-000000000000"


def sound() -> Documents:
    """A small folder of assets with nothing wrong."""
    return {
        "databases/warehouse.yaml": {
            "version": "1.0.0",
            "uuid": UUID(1),
            "database_name": "Warehouse",
            "sqlalchemy_uri": "clickhousedb://report@<< host >>/reporting",
            "extra": {},
        },
        "security/own-courses.yaml": {
            "version": "1.0.0",
            "uuid": UUID(5),
            "description": "Courses of one's own.",
            "clause": "{{ can_view_courses() }}",
        },
        "datasets/warehouse/enrollments.yaml": {
            "version": "1.0.0",
            "uuid": UUID(2),
            "database_uuid": UUID(1),
            "table_name": "enrollments",
            "schema": "reporting",
            "_security": "own-courses",
            "description": "Enrollments.",
            "sql": "select org, course_key, actor_id, enrollment_mode as mode from enrollments",
            "columns": [
                {"column_name": name, "verbose_name": name.title(), "type": "String"}
                for name in ("org", "course_key", "actor_id", "mode")
            ],
            "metrics": [{"metric_name": "learners", "verbose_name": "Learners", "expression": "uniqExact(actor_id)"}],
        },
        "charts/by-mode.yaml": {
            "version": "1.0.0",
            "uuid": UUID(3),
            "dataset_uuid": UUID(2),
            "slice_name": "Learners by mode",
            "description": "Learners by mode.",
            "viz_type": "echarts_timeseries_bar",
            "params": {"x_axis": "mode", "metrics": ["learners"], "groupby": ["org"], "y_axis_title": "Learners"},
        },
        "dashboards/course.yaml": {
            "version": "1.0.0",
            "uuid": UUID(4),
            "dashboard_title": "Course",
            "slug": "course",
            "description": "How is the course doing?",
            "_roles": ["Instructor"],
            "_layout": [{"row": [{"chart": "by-mode", "width": 12, "height": 40}]}],
            "metadata": {
                "native_filter_configuration": [
                    {
                        "id": "NATIVE_FILTER-org",
                        "name": "Organization",
                        "filterType": "filter_select",
                        "targets": [{"column": {"name": "org"}, "datasetUuid": UUID(2)}],
                    }
                ]
            },
        },
    }


def write(folder: Path, documents: Documents) -> Path:
    for name, document in documents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False))
    return folder


def write_dbt(folder: Path) -> None:
    """A dbt project beside the assets, with the repository's models and two more."""
    (folder / "dbt/models").mkdir(parents=True)
    (folder / "dbt/dbt_project.yml").write_text("name: here\n")
    (folder / "dbt/models/_models.yml").write_text(DBT)
    for name in ("visits", "totals"):
        (folder / f"dbt/models/{name}.sql").write_text("select 1\n")
    shutil.copytree(ROOT / "dbt/models/enrollment", folder / "dbt/models/enrollment")


DATABASE, RULE = "databases/warehouse.yaml", "security/own-courses.yaml"
DATASET, CHART, DASHBOARD = "datasets/warehouse/enrollments.yaml", "charts/by-mode.yaml", "dashboards/course.yaml"


def put(file: str, *path: str | int, value: Any) -> Callable[[Documents], None]:
    """A change: the value at a path of a file."""

    def change(documents: Documents) -> None:
        place: Any = documents[file]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


def remove(file: str, key: str) -> Callable[[Documents], None]:
    return lambda documents: documents[file].pop(key)  # type: ignore[return-value]


def twin(file: str, name: str, **changes: Any) -> Callable[[Documents], None]:
    """A change: a second file like the first, with a uuid of its own."""

    def change(documents: Documents) -> None:
        documents[name] = {**json.loads(json.dumps(documents[file])), "uuid": UUID(9), **changes}

    return change


def embedded_twice(documents: Documents) -> None:
    put(DASHBOARD, "_embedded", value=UUID(8))(documents)
    twin(DASHBOARD, "dashboards/twin.yaml", dashboard_title="B", slug="b")(documents)


FILTERS = ("metadata", "native_filter_configuration", 0)
WRONG_REQUEST = json.dumps({"queries": [{"metrics": ["count"], "columns": []}]})
BROKEN = [
    ("F003", DATASET, put(DATASET, "sqll", value="select 1"), "sqll is not a key"),
    ("F003", CHART, remove(CHART, "slice_name"), "slice_name is missing"),
    ("F003", CHART, put(CHART, "uuid", value="not-a-uuid"), "uuid"),
    ("F003", DASHBOARD, remove(DASHBOARD, "uuid"), "uuid is missing"),
    ("R001", "charts/twin.yaml", twin(CHART, "charts/twin.yaml", uuid=UUID(3), slice_name="Twin"), UUID(3)),
    ("R003", CHART, put(CHART, "dataset_uuid", value=MISSING), MISSING),
    ("R004", DATASET, put(DATASET, "database_uuid", value=MISSING), MISSING),
    ("R005", DASHBOARD, put(DASHBOARD, *FILTERS, "targets", value=[{"datasetUuid": MISSING}]), MISSING),
    ("R006", DASHBOARD, put(DASHBOARD, *FILTERS, "targets", 0, "column", value={"name": "run"}), "no column 'run'"),
    ("R007", "charts/alone.yaml", twin(CHART, "charts/alone.yaml", slice_name="Alone"), "'Alone' is on no dashboard"),
    ("R008", "datasets/x/y.yaml", twin(DATASET, "datasets/x/y.yaml", table_name="unused"), "'unused'"),
    ("R009", DASHBOARD, put(DASHBOARD, *FILTERS, "scope", value={"excluded": ["gone"]}), "skips chart 'gone'"),
    ("R009", DASHBOARD, put(DASHBOARD, *FILTERS, "scope", value={"rootPath": ["TAB-x"]}), "'TAB-x'"),
    ("R009", DASHBOARD, put(DASHBOARD, *FILTERS, "cascadeParentIds", value=["NATIVE_FILTER-x"]), "NATIVE_FILTER-x"),
    ("R010", DASHBOARD, put(DASHBOARD, "_layout", 0, "row", 0, "chart", value="gone"), "no chart file 'gone'"),
    ("R010", DASHBOARD, remove(DASHBOARD, "_layout"), "neither _layout nor position"),
    ("N001", "charts/twin.yaml", twin(CHART, "charts/twin.yaml"), "Learners by mode"),
    ("N002", "dashboards/twin.yaml", twin(DASHBOARD, "dashboards/twin.yaml", dashboard_title="B"), "'course'"),
    ("N003", "datasets/x/y.yaml", twin(DATASET, "datasets/x/y.yaml"), "'enrollments'"),
    ("N004", DATASET, put(DATASET, "columns", 3, "column_name", value="org"), "'org' is named twice"),
    ("N005", "charts/more/by-mode.yaml", twin(CHART, "charts/more/by-mode.yaml", slice_name="More"), "by-mode"),
    ("C001", CHART, put(CHART, "params", "x_axis", value="mod"), "no column 'mod'"),
    ("C001", CHART, put(CHART, "params", "x_axis_sort", value="gone"), "x_axis_sort"),
    (
        "C001",
        CHART,
        put(
            CHART,
            "params",
            "adhoc_filters",
            value=[{"clause": "WHERE", "expressionType": "SIMPLE", "subject": "gone", "operator": "IS NULL"}],
        ),
        "adhoc_filters",
    ),
    ("C002", CHART, put(CHART, "params", "metrics", value=["learner"]), "no metric 'learner'"),
    ("C003", CHART, put(CHART, "viz_type", value="word_cloud"), "word_cloud"),
    ("C006", CHART, put(CHART, "viz_type", value="echarts_bar"), "no type 'echarts_bar'"),
    ("C004", CHART, put(CHART, "query_context", value="{"), "not a request"),
    ("C004", CHART, put(CHART, "query_context", value=WRONG_REQUEST), "asks for count"),
    ("C005", CHART, put(CHART, "params", "viz_type", value="table"), "'table'"),
    ("T001", CHART, remove(CHART, "description"), "no description"),
    ("T001", DASHBOARD, put(DASHBOARD, "description", value=" "), "no description"),
    ("T002", DATASET, put(DATASET, "columns", 0, "verbose_name", value=None), "'org'"),
    ("T002", DATASET, put(DATASET, "metrics", 0, "verbose_name", value=""), "'learners'"),
    ("T003", CHART, put(CHART, "params", "y_axis_title", value=""), "y_axis_title"),
    ("T005", DATASET, put(DATASET, "_values", value=["No such word"]), "'No such word'"),
    ("A001", DATASET, put(DATASET, "columns", 1, "column_name", value="course"), "no course_key"),
    ("A002", DATASET, put(DATASET, "schema", value=None), "no schema"),
    ("A003", DASHBOARD, remove(DASHBOARD, "_roles"), "names no roles"),
    ("A004", DATASET, remove(DATASET, "_security"), "names no security rule"),
    ("A004", DATASET, put(DATASET, "_security", value="gone"), "'gone', which is no rule"),
    ("A004", DATASET, put(RULE, "clause", value="1 = 1"), "does not limit it to courses"),
    ("A004", DATASET, put(DATASET, "columns", 1, "column_name", value="course"), "no course_key"),
    ("R011", DASHBOARD, put(DASHBOARD, "metadata", "chart_configuration", value={"gone": {}}), "'gone'"),
    (
        "R011",
        DASHBOARD,
        put(DASHBOARD, "metadata", "global_chart_configuration", value={"scope": {"excluded": ["gone"]}}),
        "skip chart 'gone'",
    ),
    (
        "R012",
        DASHBOARD,
        put(DASHBOARD, *FILTERS, "targets", 0, "datasetUuid", value=uuid_in(UUID(2), "es")),
        "copy of dataset 'enrollments' in the language 'es'",
    ),
    ("R013", DASHBOARD, put(DASHBOARD, "_embedded", value=UUID(3)), "also the id of charts/by-mode.yaml"),
    (
        "R013",
        "dashboards/twin.yaml",
        embedded_twice,
        "also the id of dashboards/course.yaml, embedded",
    ),
    ("L001", DATABASE, put(DATABASE, "sqlalchemy_uri", value="clickhousedb://report@ch.org:8123/reporting"), "ch.org"),
    ("L001", CHART, put(CHART, "description", value="See http://localhost:18000/x."), "http://localhost:18000"),
    ("L002", DATABASE, put(DATABASE, "sqlalchemy_uri", value="clickhousedb://me:pw@<< host >>/reporting"), "password"),
    ("L002", DATABASE, put(DATABASE, "extra", value={"a": {"auth_token": "abc"}}), "extra.a.auth_token"),
    ("L003", DATASET, put(DATASET, "sql", value="select org from reporting.enrollments"), "database 'reporting'"),
    ("L003", DATASET, put(DATASET, "schema", value="xapi"), "'xapi'"),
    ("L004", CHART, put(CHART, "params", "datasource", value="12__table"), "params.datasource"),
    ("L004", DASHBOARD, put(DASHBOARD, *FILTERS, "targets", 0, "datasetId", value=3), "targets.0.datasetId"),
    ("L005", DASHBOARD, put(DASHBOARD, "metadata", "map_label_colors", value={"passed": "#fff"}), "map_label_colors"),
    ("L005", DASHBOARD, put(DASHBOARD, *FILTERS, "chartsInScope", value=[1]), "chartsInScope"),
    ("D001", DATASET, put(DATASET, "sql", value="select org from enrolments"), "'enrolments', which is no model"),
    ("D002", DATASET, put(DATASET, "sql", value="select orgg from enrollments"), "'orgg', which enrollments does not"),
    (
        "D003",
        DATASET,
        put(
            DATASET,
            "sql",
            value="select v.org from visits as v join totals as t using (course_key) where v.visited = t.pages",
        ),
        "'visited', which counts sequences, with 'pages', which counts units",
    ),
]


def test_sound_assets_have_no_findings(tmp_path: Path) -> None:
    assert check(write(tmp_path, sound()), VALUES).findings == []


@pytest.mark.parametrize(("code", "file", "break_it", "says"), BROKEN, ids=[f"{row[0]}-{row[3]}" for row in BROKEN])
def test_a_rule_finds_its_defect(
    code: str, file: str, break_it: Callable[[Documents], None], says: str, tmp_path: Path
) -> None:
    documents = sound()
    break_it(documents)
    write_dbt(tmp_path)
    folder = write(tmp_path / "assets", documents)

    found = [each for each in check(folder, VALUES).findings if each.rule == code]

    assert [each.file for each in found] == [file]
    assert says in found[0].message
    assert found[0].fix
    assert 1 <= found[0].line <= len((folder / file).read_text().splitlines())


@pytest.mark.parametrize(
    ("code", "text", "line", "says"),
    [
        ("F001", "slice_name: [1\nuuid: 2", 2, "Not valid YAML"),
        ("F001", "- a list", 1, "does not hold a mapping"),
        ("F002", "uuid: 1\nslice_name: << settings.no_such >>", 2, "no_such"),
        ("F002", 'uuid: 1\nslice_name: << query("gone") >>', 2, "no query 'gone'"),
        ("F004", "uuid: 1\nslice_name: A\nslice_name: B", 3, "'slice_name' is written twice"),
    ],
)
def test_text_that_cannot_be_read(code: str, text: str, line: int, says: str, tmp_path: Path) -> None:
    write(tmp_path, sound())
    (tmp_path / CHART).write_text(text)

    found = check(tmp_path, VALUES, select=["F"]).findings

    assert (code, CHART, line) in [(each.rule, each.file, each.line) for each in found]
    assert any(says in each.message for each in found)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    write(tmp_path, sound())
    (tmp_path / CHART).write_bytes(b"\xff\xfe\x00")

    assert "F001" in {each.rule for each in check(tmp_path, VALUES).findings}


def test_a_query_that_nothing_uses(tmp_path: Path) -> None:
    write(tmp_path, sound())
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/old.sql").write_text("select 1")

    assert [(each.rule, each.file) for each in check(tmp_path, VALUES).findings] == [("F005", "queries/old.sql")]


def test_a_chart_that_a_superset_position_names_must_exist(tmp_path: Path) -> None:
    documents = sound()
    chart = {
        "id": "CHART-1",
        "type": "CHART",
        "children": [],
        "meta": {"uuid": MISSING, "chartId": 1, "sliceName": "Old"},
    }
    documents[DASHBOARD]["position"] = {"ROOT_ID": {"id": "ROOT_ID", "type": "ROOT"}, "CHART-1": chart}
    del documents[DASHBOARD]["_layout"]

    found = check(write(tmp_path, documents), VALUES, select=["R002"]).findings

    assert [(each.file, "'Old'" in each.message) for each in found] == [(DASHBOARD, True)]


@settings(deadline=None, max_examples=60)
@given(some.data())
def test_no_input_makes_the_check_itself_fail(data: some.DataObject) -> None:
    documents = sound()
    file = data.draw(some.sampled_from(sorted(documents)))
    place: Any = documents[file]
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(some.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or data.draw(some.booleans()):
            break
        place = place[key]
    anything = some.none() | some.booleans() | some.integers() | some.text()
    place[key] = data.draw(anything | some.lists(anything, max_size=2) | some.dictionaries(some.text(), anything))

    with tempfile.TemporaryDirectory() as folder:
        check(write(Path(folder), documents), VALUES)


def test_accepted_findings_have_a_reason_and_exist(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    write(tmp_path, documents)
    accepted = tmp_path / "accepted.yaml"

    def found(text: str) -> list[tuple[str, str, int]]:
        accepted.write_text(text)
        return [(each.rule, each.file, each.line) for each in check(tmp_path, VALUES).findings]

    entry = f"- rule: T001\n  file: {CHART}\n"
    assert found(f"{entry}  reason: It is for tests.\n") == []
    assert found(f"{entry}  about: no such words\n  reason: x\n") == [("F006", "accepted.yaml", 1), ("T001", CHART, 1)]
    assert found(entry) == [("F006", "accepted.yaml", 1), ("T001", CHART, 1)]
    assert found("- rule: T001\n  file: x\n  why: y\n")[0] == ("F006", "accepted.yaml", 3)
    assert found("- [")[0][0] == "F006"


def test_roles_that_open_everything_or_are_one(tmp_path: Path) -> None:
    write(tmp_path, sound())

    def role(name: str, *permissions: str) -> dict[str, Any]:
        listed = [{"permission": {"name": each}, "view_menu": {"name": each}} for each in permissions]
        return {"name": name, "permissions": listed}

    def found(roles: Any) -> list[tuple[str, str]]:
        (tmp_path / "roles.json").write_text(json.dumps(roles))
        return [(each.rule, each.message) for each in check(tmp_path, VALUES).findings]

    assert found([role("Admin", "all_datasource_access"), role("Instructor", "can_read"), role("Student")]) == []
    both = found([role("Instructor", "all_datasource_access"), role("Student", "all_datasource_access")])
    assert [code for code, _ in both] == ["A005"] * 3
    assert any("'Instructor' and 'Student' have the same 1 permissions" in message for _, message in both)
    assert [code for code, _ in found({"name": "x"})] == ["A005"]


def test_catalogues_are_complete(tmp_path: Path) -> None:
    write(tmp_path, sound())
    (tmp_path / "locale").mkdir()
    catalogue = tmp_path / "locale/es.po"

    def found() -> list[tuple[str, str]]:
        return [(each.rule, each.file) for each in check(tmp_path, VALUES).findings]

    catalogue.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8"\n\nmsgid "Gone"\nmsgstr "Ido"\n')
    assert found() == [("T004", "locale/es.po")] * 2, "missing ones, and one that is left over"
    catalogue.write_text("no catalogue at all\n")
    assert found() == [("T004", "locale/es.po")]


def test_retired_assets_stay_away(tmp_path: Path) -> None:
    write(tmp_path, sound())

    def found(text: str) -> list[tuple[str, int]]:
        (tmp_path / "retired.yaml").write_text(text)
        return [(each.rule, each.line) for each in check(tmp_path, VALUES).findings]

    entry = "- kind: charts\n  uuid: {}\n  name: Old\n  since: 2026-01-01\n  reason: Nobody read it.\n"
    assert found(entry.format(MISSING)) == []
    assert found(entry.format(UUID(3))) == [("F007", 1)]
    assert found(entry.format("no-uuid")) == [("F007", 2)]
    assert found(entry.format(MISSING).replace("  reason: Nobody read it.\n", "")) == [("F007", 1)]
    assert found("- [") == [("F007", 1)] or found("- [") == [("F007", 2)]


def test_fix_mends_what_is_safe_and_says_so(tmp_path: Path) -> None:
    documents = sound()
    for change in (
        put(CHART, "params", "datasource", value="12__table"),
        put(CHART, "query_context", value=WRONG_REQUEST),
        put(DATASET, "schema", value=None),
        put(DASHBOARD, "metadata", "color_scheme_domain", value=["#fff"]),
        put(DASHBOARD, *FILTERS, "scope", value={"excluded": ["gone", "by-mode", "also-gone"]}),
        put(DATASET, "sql", value="SQL_HERE"),
    ):
        change(documents)
    write(tmp_path, documents)
    dataset = tmp_path / DATASET
    dataset.write_text("# By hand.\n" + dataset.read_text().replace("SQL_HERE", '<< query("all") >>'))
    (tmp_path / "queries").mkdir()
    (tmp_path / "queries/all.sql").write_text("select org, course_key\nfrom reporting.enrollments\n")

    report = check(tmp_path, VALUES, fix=True)

    assert report.findings == []
    assert sorted(each.edit.says for each in report.mended if each.edit) == [
        "removed 'also-gone' from excluded",
        "removed 'gone' from excluded",
        "removed metadata.color_scheme_domain",
        "removed params.datasource",
        "removed query_context, which is derived from params",
        "removed reporting.",
        "wrote schema: reporting",
    ]
    assert (tmp_path / "queries/all.sql").read_text() == "select org, course_key\nfrom enrollments\n"
    assert dataset.read_text().startswith("# By hand.\n")
    assert yaml.safe_load((tmp_path / DASHBOARD).read_text())["metadata"]["native_filter_configuration"][0][
        "scope"
    ] == {"excluded": ["by-mode"]}


def test_fix_leaves_sound_files_and_other_findings_alone(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    write(tmp_path, documents)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")}

    report = check(tmp_path, VALUES, fix=True)

    assert ([each.rule for each in report.findings], report.mended) == (["T001"], [])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.yaml")} == before


def test_select_and_ignore_take_codes_and_beginnings_of_codes(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    put(CHART, "params", "x_axis", value="mod")(documents)
    write(tmp_path, documents)

    def rules(**chosen: list[str]) -> list[str]:
        return [each.rule for each in check(tmp_path, VALUES, **chosen).findings]

    assert rules() == ["T001", "C001"] or rules() == ["C001", "T001"]
    assert rules(select=["T"]) == ["T001"]
    assert rules(ignore=["T001"]) == ["C001"]
    assert rules(select=["C", "T"], ignore=["c001"]) == ["T001"]
    with pytest.raises(AspectsError, match="X1"):
        rules(select=["X1"])


def test_an_unpacked_export_is_checked_too(tmp_path: Path) -> None:
    documents = sound()
    remove(CHART, "description")(documents)
    write(tmp_path / "dashboard_export_20260101", documents)

    report = check(tmp_path, VALUES)

    assert (report.assets, [each.rule for each in report.findings]) == (5, ["T001"])


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_a_folder_without_assets_is_an_error(folder: str, tmp_path: Path) -> None:
    with pytest.raises(AspectsError) as raised:
        check(tmp_path / folder, {})

    assert raised.value.code == "assets.folder"


def test_without_an_engine_the_rules_about_sql_are_skipped_and_named(tmp_path: Path) -> None:
    report = check(write(tmp_path, sound()), VALUES)

    assert report.skipped == sorted(code for code, rule in RULES.items() if rule.family == "sql")


def test_our_assets_are_sound() -> None:
    secrets = {"CLICKHOUSE_REPORT_PASSWORD": "x"}
    values = {"settings": {"host": "localhost", "clickhouse_port": 1, "pii": False, "lms_url": "x"}, "secrets": secrets}
    # What has no translation yet is shown in English; assets.translate --check is for catalogues.
    report = check(ROOT / "assets", values, ignore=["T004"])

    assert report.findings == []
    assert load_assets(ROOT / "assets", values).items


def test_every_rule_is_explained() -> None:
    pages = {module.FAMILY: (ROOT / "docs/rules" / f"{module.FAMILY}.md").read_text() for module in FAMILIES}

    for code, rule in RULES.items():
        page, _, anchor = rule.page.partition("#")
        assert page == f"docs/rules/{rule.family}.md"
        section = rf'^<a id="{anchor}"></a>\n\n## {code} '
        assert re.search(section, pages[rule.family], flags=re.M), f"{code} has no section in {page}"
    written = {code for page in pages.values() for code in re.findall(r"^## ([A-Z]\d{3}) ", page, flags=re.M)}
    assert written == set(RULES)


def test_every_rule_is_tested() -> None:
    here = Path(__file__).read_text() + (ROOT / "tests/integration/assets/test_assets_sql.py").read_text()

    assert [code for code in RULES if f'"{code}"' not in here] == []
