"""What an operator asks of the warehouse: sizes, freshness, how the models are written, and where numbers come from."""

from __future__ import annotations

from pathlib import Path

from aspects.bench.ingest import a_day_later
from aspects.settings import ROOT
from aspects.warehouse import dbt
from aspects.warehouse.lineage import kinds_of_verbs, narrow, read_lineage
from aspects.warehouse.project_check import check_project
from aspects.warehouse.refresh import refresh
from aspects.warehouse.sizes import remember_sizes
from tests.integration.conftest import Warehouse
from tests.integration.statements import empty, store
from tests.integration.test_warehouse import sample
from tests.integration.test_warehouse_refresh import KEY, many_plays


def test_report_reads_sizes_growth_and_freshness(warehouse: Warehouse) -> None:
    empty(warehouse)
    rows = sample()
    broken = (rows[0][0], rows[0][1], "{")
    store(warehouse, [*rows, broken])
    for _ in range(2):
        remember_sizes(warehouse.settings)
    where = "where table_name = 'xapi_events_all'"
    ((count, size, parts),) = warehouse.rows(f"select rows, bytes_on_disk, parts from reporting.table_sizes {where}")
    assert (count, parts) == (len(rows), 1)
    assert warehouse.rows(f"select rows, bytes_on_disk from reporting.table_sizes_by_day {where}") == [(count, size)]
    ((newest, waiting, refused, of_last_day),) = warehouse.rows(
        "select last_event_at, refresh_waiting, refused, refused_last_day from reporting.pipeline_state"
    )
    assert warehouse.rows("select max(event_time) from reporting.events") == [(newest,)]
    to_refresh = (
        "select (select count() from reporting.rollup_videos) + (select count() from reporting.rollup_responses)"
    )
    assert [(waiting,)] == warehouse.rows(to_refresh, user="admin")
    assert (refused, of_last_day) == (1, 1)


def test_a_day_after_they_were_stored_statements_are_compressed_anew(warehouse: Warehouse) -> None:
    codecs = "select distinct default_compression_codec from system.parts where active and table = 'xapi_events_all'"
    texts = "select toString(event_id), event from xapi.xapi_events_all final order by event_id"
    empty(warehouse)
    store(warehouse, sample())
    before = warehouse.rows(texts, user="admin")
    admin = warehouse.client("admin")

    admin.command("optimize table xapi.xapi_events_all final")
    assert warehouse.rows(codecs, user="admin") == [("ZSTD(1)",)]
    with a_day_later(admin):
        admin.command("optimize table xapi.xapi_events_all final")
        assert warehouse.rows(codecs, user="admin") == [("ZSTD(9, 22)",)]
    admin.close()
    assert warehouse.rows(texts, user="admin") == before


def test_results_of_events_that_are_gone_go_with_the_next_refresh_of_their_course(warehouse: Warehouse) -> None:
    empty(warehouse)
    store(warehouse, many_plays())
    refresh(warehouse.settings)
    gone = "actor_id = 'learner-1'"
    counted = "select actor_id = 'learner-1', count() from reporting.video_views group by 1 order by 1"
    admin = warehouse.client("admin")
    admin.command(
        f"delete from reporting.rollup_videos where {gone} or actor_id = 'learner-2' and block_id like '%genes'"
    )
    admin.close()
    refresh(warehouse.settings)
    assert warehouse.rows(counted) == [(0, 38), (1, 2)]
    refresh(warehouse.settings, course="course-v1:Another+Course+1")
    assert warehouse.rows(counted) == [(0, 38), (1, 2)]
    refresh(warehouse.settings, course=KEY)
    assert warehouse.rows(counted) == [(0, 37)]


def test_the_models_are_written_as_the_rules_say(warehouse: Warehouse) -> None:
    assert check_project(warehouse.settings).findings == []


def test_verbs_lead_to_the_kinds_that_the_engine_gives_them(warehouse: Warehouse) -> None:
    empty(warehouse)
    store(warehouse, sample())
    known = kinds_of_verbs(ROOT / "dbt" / "macros" / "kinds.sql")
    for verb, kind in warehouse.rows("select distinct verb_id, kind from reporting.events"):
        assert kind in known.get(str(verb), {"other"}), verb


def test_every_chart_is_reached_from_a_table(warehouse: Warehouse) -> None:
    found = read_lineage(warehouse.settings)
    parents = found.parents()
    assert {node.type for node in found.nodes.values()} >= {"verb", "kind", "source", "model", "chart", "dashboard"}
    assert [
        key for key, node in found.nodes.items() if node.type in ("dataset", "chart") and not parents.get(key)
    ] == []
    assert "model:video_intervals" in narrow(found, "played").nodes
    assert "model:video_intervals" not in narrow(found, "evaluated").nodes


def test_the_documentation_is_one_page_with_every_column(warehouse: Warehouse, tmp_path: Path) -> None:
    page = tmp_path / "docs" / "index.html"
    dbt.write_docs(warehouse.settings, page)
    text = page.read_text()
    assert "refresh_lag_seconds" in text
    assert "Seconds into the video" in text
