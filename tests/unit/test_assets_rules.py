"""Each rule of assets.check finds its defect, in the right file and line, and is silent on sound assets.

The rules about SQL are in tests/integration/assets/test_assets_sql.py: they need an engine.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from aspects.assets.check import FAMILIES, check
from aspects.assets.rules.registry import RULES
from aspects.assets.translate import uuid_in
from aspects.settings import ROOT
from tests.unit.sound_assets import (
    CHART,
    DASHBOARD,
    DATABASE,
    DATASET,
    FILTERS,
    MISSING,
    RULE,
    UUID,
    VALUES,
    WRONG_REQUEST,
    Documents,
    put,
    remove,
    sound,
    twin,
    write,
    write_dbt,
)


def embedded_twice(documents: Documents) -> None:
    put(DASHBOARD, "_embedded", value=UUID(8))(documents)
    twin(DASHBOARD, "dashboards/twin.yaml", dashboard_title="B", slug="b")(documents)


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
