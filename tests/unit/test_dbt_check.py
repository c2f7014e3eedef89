"""Each rule on how models are written finds what it is for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aspects.errors import AspectsError
from aspects.settings import ROOT
from aspects.warehouse.manifest import Model, Project, Source
from aspects.warehouse.project_check import RULES, Context, find, read_accepted

TABLE = Source("source.a", "a", "xapi.a", "", "Statements.", {"id": "The id."})
VIEW = Model(
    "events",
    "events",
    "",
    "view",
    "An event.",
    {"id": "The id."},
    ("source.a",),
    "",
    "",
    {},
    (("unique", "id", {}),),
    (),
)
CHART = replace(VIEW, identity="answers", name="answers", parents=("events",))


def findings(*things: Model | Source, shown: str = "answers", columns: tuple[str, ...] = ()) -> set[tuple[str, str]]:
    models = {one.identity: one for one in things if isinstance(one, Model)}
    sources = {one.identity: one for one in things if isinstance(one, Source)}
    context = Context(Project(models, sources), {shown}, {"events": columns})
    return {(one.rule, one.name) for one in find(context)}


def other(name: str, **facts: object) -> Model:
    return replace(CHART, identity=name, name=name, **facts)  # type: ignore[arg-type]  # fields of a model


OTHER_SOURCE = replace(TABLE, identity="source.b", name="b", table="xapi.b")
WRONG: dict[str, tuple[tuple[Model | Source, ...], str]] = {
    "model-described": ((TABLE, replace(VIEW, description=" "), CHART), "events"),
    "columns-described": ((TABLE, replace(VIEW, columns={"id": ""}), CHART), "events"),
    "source-described": ((replace(TABLE, description=""), VIEW, CHART), "a"),
    "model-tested": ((TABLE, replace(VIEW, tests=()), CHART), "events"),
    "key-tested": ((TABLE, replace(VIEW, tests=(("not_null", "id", {}),)), CHART), "events"),
    "named-plainly": ((TABLE, VIEW, CHART, other("rollup_answers", parents=("events",))), "rollup_answers"),
    "source-joined-in-one-model": ((TABLE, VIEW, replace(CHART, parents=("events", "source.a"))), "answers"),
    "source-read-once": ((TABLE, VIEW, CHART, other("more", parents=("source.a",))), "a"),
    "source-used": ((TABLE, OTHER_SOURCE, VIEW, CHART), "b"),
    "source-declared-once": ((TABLE, replace(OTHER_SOURCE, table="xapi.a"), VIEW, CHART), "b"),
    "model-rooted": ((TABLE, replace(VIEW, parents=()), CHART), "events"),
    "no-rejoin": (
        (TABLE, VIEW, other("part", parents=("events",)), replace(CHART, parents=("events", "part"))),
        "answers",
    ),
    "no-hard-coded-table": ((TABLE, VIEW, replace(CHART, text="select 1 from reporting.events")), "answers"),
    "model-used": ((TABLE, VIEW, CHART, other("lonely")), "lonely"),
}


def test_a_good_project_has_no_findings() -> None:
    commented = replace(VIEW, text="-- read from xapi.a\nselect id from {{ source('xapi', 'a') }}")
    assert findings(TABLE, commented, CHART, columns=("id",)) == set()


@pytest.mark.parametrize("rule", WRONG)
def test_each_rule_finds_what_it_is_for(rule: str) -> None:
    things, name = WRONG[rule]
    assert (rule, name) in findings(*things)


def test_columns_are_those_that_the_engine_has() -> None:
    assert findings(TABLE, VIEW, CHART, columns=("id", "more")) == {("columns-as-built", "events")}


def test_every_rule_is_tested() -> None:
    assert set(WRONG) | {"columns-as-built"} == set(RULES)


def test_a_finding_is_accepted_with_a_reason_or_not_at_all(tmp_path: Path) -> None:
    assert read_accepted(ROOT / "dbt" / "accepted.yml")
    file = tmp_path / "accepted.yml"
    for text in ("- {rule: key-tested, name: a, reason: ' '}", "- {rule: no-such, name: a, reason: b}", "- a", "{"):
        file.write_text(text)
        with pytest.raises(AspectsError) as refused:
            read_accepted(file)
        assert refused.value.code == "dbt.accepted"
