"""Dashboards in a real browser: every chart is drawn, a broken one is noticed, filters work."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from aspects.assets import query_context
from aspects.assets.browser import Browser
from aspects.assets.render import load_here
from aspects.assets.superset_client import SupersetClient
from aspects.assets.sync import sync
from aspects.settings import ROOT
from tests.conftest import Stack

DASHBOARDS = {"course-dashboard": (1440, 27), "learner-groups": (1024, 22), "operator-dashboard": (1024, 35)}
"""How wide the window is, and how many charts each has."""
BROKEN = "broken-on-purpose"
BROKEN_UUID = "22222222-0000-4000-8000-00000000000{}".format


Requests = dict[int, list[dict[str, Any]]]
"""The queries that pages sent, by the number of the chart."""


@contextmanager
def requests(browser: Browser) -> Iterator[Requests]:
    """The queries that pages send for charts meanwhile."""
    sent: Requests = {}

    def note(request: Any) -> None:
        if request.method == "POST" and "/api/v1/chart/data" in request.url:
            body = request.post_data_json
            if chart := body["form_data"].get("slice_id"):  # a filter asks for its choices without one
                sent[int(chart)] = body["queries"]

    browser._context.on("request", note)
    try:
        yield sent
    finally:
        browser._context.remove_listener("request", note)


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_every_chart_is_drawn_after_the_request_that_ours_is(
    slug: str, stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    """The request that is derived from `params` is the one that Superset's own front end makes."""
    width, number = DASHBOARDS[slug]
    with requests(browser) as sent:
        page = browser.dashboard(slug, image=tmp_path / f"{slug}.png", width=width)

    assert page.failures == []
    assert page.blocked == [], "the page asks for something outside this machine"
    assert Counter(chart.state for chart in page.charts) == {"shown": number}
    assert (tmp_path / f"{slug}.png").stat().st_size > 20_000
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    files = [item.data for item in load_here(stack.settings).of("charts")]
    params = {chart["slice_name"]: (chart["viz_type"], chart["params"]) for chart in files}
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        charts = client.charts(slug)
    for chart in charts:
        asked = [_without_the_course(query) for query in sent[chart.id]]
        assert _said(query_context.queries(*params[chart.title])) == _said(asked), chart.title


def _without_the_course(query: dict[str, Any]) -> dict[str, Any]:
    """A query without the filter that a dashboard begins with: its first course."""
    return {**query, "filters": [each for each in query.get("filters", []) if each["col"] != "course_name"]}


def _said(value: Any) -> Any:
    """A request without what is empty: the front end writes some empty parts and leaves others out."""
    if isinstance(value, dict):
        return {key: _said(part) for key, part in value.items() if part not in (None, "", [], {})}
    if isinstance(value, list):
        return [_said(part) for part in value]
    return value


def test_filters_reach_the_charts_that_they_are_for(stack: Stack, browser: Browser) -> None:
    dates, grain = "2026-01-01 : 2026-02-01", "P1M"
    chosen = (
        f"NATIVE_FILTER-date:(id:NATIVE_FILTER-date,extraFormData:(time_range:'{dates}'),filterState:(value:'{dates}')),"
        f"NATIVE_FILTER-grain:(id:NATIVE_FILTER-grain,extraFormData:(time_grain_sqla:{grain}),filterState:(value:!({grain})))"
    )
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        titles = {chart.id: chart.title for chart in client.charts("course-dashboard")}

    with requests(browser) as sent:
        browser.dashboard("course-dashboard", query=f"native_filters=({chosen})")

    dated = {titles[chart] for chart, queries in sent.items() if queries[0].get("time_range") == dates}
    by_month = {
        titles[chart] for chart, queries in sent.items() if queries[0]["extras"].get("time_grain_sqla") == grain
    }
    assert dated == {
        "How has enrollment grown?",
        "How many learners are active?",
        "How far do learners come?",
        "How far did those who enrolled in a week come?",
        "When do learners view pages?",
        "How have learners and page views added up?",
        "Page views by section",
        "Page views by subsection",
    }
    assert by_month == {"How many learners are active?", "When do learners view pages?"}
    assert set(sent) == set(titles)


@pytest.mark.parametrize("slug", ["course-dashboard", "operator-dashboard"])  # one of each half: all share one layout
def test_a_filter_that_nothing_matches_leaves_no_chart_spinning(slug: str, browser: Browser) -> None:
    chosen = "filters:!((col:org,op:IN,val:!(NoSuchOrganization)))"
    nothing = f"(id:NATIVE_FILTER-organization,extraFormData:({chosen}),filterState:(value:!(NoSuchOrganization)))"

    page = browser.dashboard(slug, query=f"native_filters=(NATIVE_FILTER-organization:{nothing})")

    assert page.failures == []
    assert Counter(chart.state for chart in page.charts)["empty"] >= 3


def test_a_broken_chart_is_seen(stack: Stack, browser: Browser, broken_dashboard: str) -> None:
    """Superset imports both mistakes without a word; the page shows them, and so the test above would fail."""
    page = browser.dashboard(broken_dashboard)

    failed = {chart.title: chart.error for chart in page.charts if chart.failed}
    assert set(failed) == {"Of no known type", "Of a column that is not there"}
    assert "not registered" in failed["Of no known type"]
    assert len(page.failures) == 2
    assert [chart.title for chart in page.charts if not chart.failed] == ["Sound"]

    done = stack.inv("assets.shot", "--dashboard", broken_dashboard, "--json")
    assert done.status == 1
    assert "shots" in done.json, done
    assert len(done.json["shots"][0]["failures"]) == 2


@pytest.fixture
def broken_dashboard(stack: Stack, tmp_path: Path) -> Iterator[str]:
    """A dashboard with two broken charts and a sound one, imported beside ours and taken away again."""
    folder = Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))
    sound = yaml.safe_load((folder / "charts/average-grade.yaml").read_text())
    missing = {"expressionType": "SQL", "sqlExpression": "sum(no_such_column)", "label": "broken"}
    request = query_context.build("big_number_total", sound["params"])
    charts = {
        "sound-copy": {**sound, "slice_name": "Sound"},
        "no-type": {**sound, "slice_name": "Of no known type", "viz_type": "no_such_type", "query_context": request},
        "no-column": {
            **sound,
            "slice_name": "Of a column that is not there",
            "params": {**sound["params"], "metric": missing},
        },
    }
    for number, (stem, chart) in enumerate(charts.items()):
        (folder / f"charts/{stem}.yaml").write_text(json.dumps({**chart, "uuid": BROKEN_UUID(number)}))
    dashboard = {
        "version": "1.0.0",
        "uuid": BROKEN_UUID(9),
        "dashboard_title": "Broken on purpose",
        "slug": BROKEN,
        "metadata": {},
        # One in each tab: a chart that nobody has opened yet is looked at as well.
        "_layout": [
            {
                "tabs": [
                    {"tab": stem, "content": [{"row": [{"chart": stem, "width": 4, "height": 20}]}]} for stem in charts
                ]
            }
        ],
    }
    (folder / f"dashboards/{BROKEN}.yaml").write_text(json.dumps(dashboard))
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    assert sync(stack.settings, stack.secrets, os.environ, folder).errors == ()
    try:
        yield BROKEN
    finally:
        with SupersetClient(stack.settings.superset_url, user, password) as client:
            for chart in client.charts(BROKEN):
                client.delete(f"chart/{chart.id}")
            client.delete(f"dashboard/{client.dashboard(BROKEN).id}")
        assert sync(stack.settings, stack.secrets, os.environ).errors == ()
