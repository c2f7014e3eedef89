"""What a run of dbt says beforehand: which tables it will rebuild, why, and what they would lose."""

from __future__ import annotations

from datetime import date

import pytest

from aspects.errors import AspectsError
from aspects.warehouse.manifest import Model, Project, Source
from aspects.warehouse.plan import Deleted, Loss, Plan, Warehouse, make_plan

RAW = "source.aspects.raw"


def model(name: str, *parents: str, materialized: str = "rollup", sql: str = "select 1") -> Model:
    return Model(name, name, f"dbt/{name}.sql", materialized, "", {}, parents, sql, sql, {}, (), ())


def project(*models: Model) -> Project:
    return Project({one.identity: one for one in models}, {RAW: Source(RAW, "raw", "xapi.raw", "", "", {})})


STATEMENTS = model("statements", RAW)
EVENTS = model("events", "statements", materialized="view")
GRADES = model("rollup_grades", "statements", sql="select 2")
PROJECT = project(STATEMENTS, EVENTS, GRADES)


def built(*models: Model, **more: object) -> Warehouse:
    """A warehouse in which these models are built as they are, with a thousand rows each."""
    comments = {f"{one.table}_trigger" if one.is_table else one.table: one.fingerprint() for one in models}
    rows = {"xapi.raw": 5000} | {one.table: 1000 for one in models}
    return Warehouse(rows=rows, comments=comments, **more)  # type: ignore[arg-type]  # the fields of a warehouse


def plan(there: Warehouse, full_refresh: bool = False) -> Plan:
    return make_plan(PROJECT, there, set(PROJECT.models), full_refresh)


def reasons(planned: Plan) -> dict[str, str]:
    return {each.model: each.reason for each in planned.rebuilds}


def test_nothing_is_built_when_nothing_changed() -> None:
    planned = plan(built(STATEMENTS, EVENTS, GRADES))
    assert (planned.rebuilds, planned.views, planned.models, planned.rows, planned.seconds) == ([], [], [], 0, 0)


def test_a_view_that_changed_is_replaced_with_the_views_that_read_it() -> None:
    above = model("events_by_day", "events", materialized="view")
    beside = model("grades", "rollup_grades", materialized="view")
    everything = project(STATEMENTS, EVENTS, GRADES, above, beside)
    before = model("events", "statements", materialized="view", sql="select 'as it was'")
    planned = make_plan(everything, built(STATEMENTS, before, GRADES, above, beside), set(everything.models))
    assert planned.views == ["events", "events_by_day"]
    assert planned.models == planned.views


def test_a_view_is_replaced_when_what_it_reads_was_altered_or_its_login_changed() -> None:
    raw = model("all_statements", RAW, materialized="view")
    alone = project(raw)
    for altered, views in [(100, []), (300, ["all_statements"])]:
        there = built(raw, altered={"xapi.raw": altered, raw.table: 200})
        assert make_plan(alone, there, set(alone.models)).views == views
    assert make_plan(alone, built(raw), set(alone.models), login="another").views == ["all_statements"]


def test_what_reads_a_table_that_was_built_alone_follows_with_the_next_run() -> None:
    """Or whose readers a run that was killed did not come to."""
    grades = model("grades", "rollup_grades", materialized="view")
    kept = model("grades_dirty", "rollup_grades", materialized="kept")
    everything = project(STATEMENTS, GRADES, grades, kept)
    there = built(STATEMENTS, GRADES, grades)
    rows, comments = there.rows | {kept.table: 0}, {**there.comments, kept.table: kept.fingerprint()}
    for second, names in [(100, []), (300, ["grades", "grades_dirty"])]:
        altered = {GRADES.table: second, grades.table: 200, kept.table: 200}
        planned = make_plan(everything, Warehouse(rows, comments, altered), set(everything.models))
        assert (planned.rebuilds, planned.models) == ([], names)


def test_a_table_is_offered_what_it_is_made_of_when_that_changed() -> None:
    """It may have to follow the types of its columns, and finds out by itself."""
    kept = model("grades_dirty", "rollup_grades", materialized="kept")
    everything = project(STATEMENTS, GRADES, kept)
    before = model("rollup_grades", "statements", sql="select 'as it was'")
    there = built(STATEMENTS, before)
    there = Warehouse(there.rows | {kept.table: 0}, {**there.comments, kept.table: kept.fingerprint()})
    planned = make_plan(everything, there, set(everything.models))
    assert (reasons(planned), planned.models) == ({"rollup_grades": "changed"}, ["rollup_grades", "grades_dirty"])


def test_an_empty_warehouse_gets_every_table() -> None:
    assert reasons(plan(Warehouse())) == {"statements": "new", "rollup_grades": "new"}


def test_a_changed_model_is_rebuilt_with_all_that_is_filled_from_it() -> None:
    before = model("statements", RAW, sql="select 'as it was'")
    planned = plan(built(before, GRADES, rates={"": 1000.0, "rollup_grades": 500.0}))
    assert reasons(planned) == {"statements": "changed", "rollup_grades": "upstream rebuilt"}
    assert [(each.reads, each.rows, each.seconds) for each in planned.rebuilds] == [
        (["xapi.raw"], 5000, 5.0),
        (["reporting.statements"], 5000, 10.0),
    ]


def test_a_model_in_the_middle_leaves_what_it_is_made_of() -> None:
    planned = plan(built(STATEMENTS, model("rollup_grades", "statements", sql="select 'as it was'")))
    assert reasons(planned) == {"rollup_grades": "changed"}
    assert planned.rows == 1000
    assert planned.seconds is None


def test_a_build_that_died_is_done_again() -> None:
    there = built(STATEMENTS, GRADES)
    unfinished = {**there.comments, "reporting.rollup_grades_trigger": ""}
    assert reasons(plan(Warehouse(there.rows, unfinished))) == {"rollup_grades": "not completed"}


def test_layout_of_the_sql_is_no_change() -> None:
    spread = model("rollup_grades", "statements", sql="select\n    2")
    assert spread.fingerprint() == GRADES.fingerprint()


OLD = Deleted(70, date(2023, 1, 1), date(2023, 12, 31))


def test_a_table_that_knows_more_than_its_source_is_not_rebuilt_unasked() -> None:
    planned = plan(built(STATEMENTS, GRADES, deleted={"xapi.raw": [OLD]}), full_refresh=True)
    loss = Loss("xapi.raw", 70, date(2023, 1, 1), date(2023, 12, 31))
    assert [each.losses for each in planned.rebuilds] == [[loss], [loss]]
    with pytest.raises(AspectsError) as refused:
        planned.refuse_losses()
    assert refused.value.code == "dbt.loss"
    assert "rollup_grades (asked for): 70 rows of 2023-01-01 to 2023-12-31 were deleted" in refused.value.why


def test_what_a_table_has_lost_itself_is_lost_already() -> None:
    both = {"xapi.raw": [OLD], "reporting.statements": [OLD]}
    planned = plan(built(STATEMENTS, GRADES, deleted=both), full_refresh=True)
    assert [each.losses for each in planned.rebuilds if each.model == "statements"] == [[]]
    assert [each.losses[0].of for each in planned.rebuilds if each.model == "rollup_grades"] == ["xapi.raw"]


def test_a_cut_of_raw_statements_does_not_touch_what_is_made_of_typed_ones() -> None:
    there = built(
        STATEMENTS, model("rollup_grades", "statements", sql="select 'as it was'"), deleted={"xapi.raw": [OLD]}
    )
    plan(there).refuse_losses()
    assert reasons(plan(there)) == {"rollup_grades": "changed"}


def test_a_new_table_has_nothing_to_lose() -> None:
    plan(built(STATEMENTS, deleted={"reporting.statements": [OLD]})).refuse_losses()
