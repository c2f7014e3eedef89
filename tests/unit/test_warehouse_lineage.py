"""From the verb of a statement to the chart that shows it."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from aspects.assets.source import Assets, load_assets
from aspects.errors import AspectsError
from aspects.settings import ROOT
from aspects.warehouse import lineage
from aspects.warehouse.lineage import Lineage, kinds_of_verbs, kinds_read, make_lineage, narrow
from aspects.warehouse.manifest import Model, Project, Source
from aspects.xapi.vocabulary import VERBS, Verb

COMING = frozenset({"video", "grade", "hint", "refused"})


@pytest.mark.parametrize(
    ("sql", "let_in"),
    [
        ("select 1 from statements", COMING),
        ("where kind = 'video' and course_key != ''", {"video"}),
        ("where kind in ('video', 'forum')", {"video"}),
        ("where kind != 'refused'", {"video", "grade", "hint"}),
        ("where kind not in ('grade',\n 'refused')", {"video", "hint"}),
        ("if(kind = 'grade', 1, 2) from statements where kind in ('grade', 'hint')", {"grade", "hint"}),
    ],
)
def test_a_models_filters_say_which_kinds_it_reads(sql: str, let_in: set[str]) -> None:
    assert kinds_read(sql, COMING) == let_in


def test_every_filter_of_the_models_is_understood() -> None:
    for file in (ROOT / "dbt" / "models").rglob("*.sql"):
        text = re.sub(r"--[^\n]*", "", file.read_text())
        asked = re.findall(r"\bkind\s*(?:=|!=|<>|in\b|not\b|like\b)", text, re.IGNORECASE)
        assert len(asked) == len(lineage._FILTER.findall(text)), file


def test_every_verb_has_kinds() -> None:
    verbs = kinds_of_verbs(ROOT / "dbt" / "macros" / "kinds.sql")
    assert set(VERBS) <= set(verbs)
    assert verbs[Verb.PLAYED] == {"video"}
    assert verbs[Verb.COMPLETED] == {"video", "problem_completed", "completion"}


def whole(tmp_path: Path) -> Lineage:
    """One source, three models, and a dashboard with a chart of one of them."""
    raw = "source.raw"
    models = [
        ("statements", (raw,), "select * from raw"),
        ("videos", ("statements",), "select * from statements where kind = 'video'"),
        ("grades", ("statements",), "select * from statements where kind = 'grade'"),
    ]
    project = Project(
        {name: Model(name, name, "", "view", "", {}, parents, sql, "", {}, (), ()) for name, parents, sql in models},
        {raw: Source(raw, "raw", lineage.RAW, "", "", {})},
    )
    return make_lineage(project, assets(tmp_path), {Verb.PLAYED: {"video"}, Verb.EARNED: {"grade"}})


def assets(folder: Path) -> Assets:
    ids = {name: UUID(int=number) for number, name in enumerate(("database", "dataset", "chart", "dashboard"), 1)}
    files = {
        "datasets/watched.yaml": f"uuid: {ids['dataset']}\nversion: 1.0.0\ntable_name: watched\n"
        f"database_uuid: {ids['database']}\nsql: select * from reporting.videos join nothing using (a)\n",
        "charts/minutes.yaml": f"uuid: {ids['chart']}\nversion: 1.0.0\nslice_name: How long?\nviz_type: table\n"
        f"dataset_uuid: {ids['dataset']}\nparams: {{}}\n",
        "dashboards/course.yaml": f"uuid: {ids['dashboard']}\nversion: 1.0.0\ndashboard_title: Course\nmetadata: {{}}\n"
        "_layout: [{row: [{chart: minutes, width: 6, height: 20}]}]\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return load_assets(folder, {})


def test_a_verb_leads_to_the_charts_of_its_kind_and_to_no_other(tmp_path: Path) -> None:
    everything = whole(tmp_path)
    assert lineage.tree(narrow(everything, "played")) == [
        "verb played “https://w3id.org/xapi/video/verbs/played”",
        "└─ kind video",
        "   └─ source xapi.xapi_events_all",
        "      └─ model statements",
        "         └─ model videos",
        "            └─ dataset watched",
        "               └─ chart minutes “How long?”",
        "                  └─ dashboard course “Course”",
    ]
    assert set(narrow(everything, "earned").nodes) & {"model:videos", "chart:minutes"} == set()


def test_a_chart_leads_back_to_its_verbs(tmp_path: Path) -> None:
    found = narrow(whole(tmp_path), "how long?")
    assert {"verb:played", "kind:video", "model:statements", "dashboard:course"} < set(found.nodes)
    assert not {"verb:earned", "model:grades"} & set(found.nodes)


def test_a_name_that_is_not_there_gets_suggestions(tmp_path: Path) -> None:
    with pytest.raises(AspectsError, match="'video'") as unknown:
        narrow(narrow(whole(tmp_path), "grades"), "video")
    assert unknown.value.code == "dbt.unknown_node"
    with pytest.raises(AspectsError) as similar:
        narrow(whole(tmp_path), "minuets")
    assert "minutes" in similar.value.fix


def test_it_is_written_as_mermaid_and_for_graphviz(tmp_path: Path) -> None:
    found = narrow(whole(tmp_path), "grades")
    assert '["model: grades"]' in lineage.mermaid(found)
    assert '"model:statements" -> "model:grades";' in lineage.dot(found)
