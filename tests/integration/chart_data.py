"""Asks the charts of a dashboard for data, by their titles, and reads the times that come back."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from aspects.assets.superset_client import Chart, Filter, SupersetClient, chart_request
from tests.conftest import Stack

Row = dict[str, Any]
LONGEST_COPY = 60.0
"""Seconds within which Superset must have copied what was done in it."""


@dataclass(frozen=True)
class DashboardCharts:
    """The charts of one dashboard; `asked` collects the titles of those that a test has compared."""

    client: SupersetClient
    charts: Mapping[str, Chart]
    asked: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, client: SupersetClient, slug: str) -> DashboardCharts:
        return cls(client, {chart.title: chart for chart in client.charts(slug)})

    def results(self, title: str, *filters: Filter, dates: str = "") -> list[list[Row]]:
        """The rows of each query of a chart."""
        self.asked.add(title)
        return [query.rows for query in self.client.data(self.charts[title], filters, dates).queries]

    def rows(self, title: str, *filters: Filter, dates: str = "") -> list[Row]:
        return self.results(title, *filters, dates=dates)[0]


def in_courses(keys: Sequence[str]) -> Filter:
    return Filter("course_key", "IN", sorted(keys))


def moment(milliseconds: float) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def day(milliseconds: float) -> str:
    return moment(milliseconds).date().isoformat()


def signed_in(stack: Stack) -> SupersetClient:
    """The administrator's session."""
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    return SupersetClient(stack.settings.superset_url, user, password)


def whole_file_passed(request: pytest.FixtureRequest) -> bool:
    """Whether every test of the file was chosen, and none has failed."""
    chosen = {getattr(item, "originalname", "") for item in request.session.items if item.path == request.path}
    written = {name for name in dir(request.module) if name.startswith("test_")}
    return written <= chosen and not request.session.testsfailed


def browser_session(client: SupersetClient) -> httpx.Client:
    """The same person, signed in through the form; some addresses answer to a session only."""
    session = httpx.Client(base_url=client.url, timeout=60, trust_env=False, follow_redirects=True)
    token = re.search(r'csrf_token[^>]*value="([^"]+)"', session.get("/login/").text)
    assert token
    session.post("/login/", data={"username": client.user, "password": client._password, "csrf_token": token.group(1)})
    assert session.get("/api/v1/me/").json()["result"]["username"] == client.user
    return session


def use_as_a_page(client: SupersetClient, slug: str, chart: Chart) -> None:
    """Open a dashboard and load one of its charts in the way that Superset's pages do, so that its log has both."""
    with closing(browser_session(client)) as page:
        assert page.get(f"/superset/dashboard/{slug}/").status_code == 200
    as_the_page_asks = f"form_data=%7B%22slice_id%22%3A{chart.id}%7D&dashboard_id={chart.dashboard.id}"
    client.post(f"chart/data?{as_the_page_asks}", chart_request(chart))
