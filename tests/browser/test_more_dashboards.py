"""Further dashboards: every chart of every tab is drawn for an instructor, at the width at which they are shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from aspects.access import people
from aspects.assets.browser import Browser, open_browser
from aspects.assets.superset_client import SupersetClient
from tests.conftest import Stack

IN_STUDIO = 800
"""Pixels: the sidebar of Studio."""
DASHBOARDS = {
    "course-comparison": (1024, 10),
    "individual-learner": (1024, 15),
    "in-context-course": (IN_STUDIO, 4),
    "in-context-graded-subsection": (IN_STUDIO, 5),
    "in-context-problem": (IN_STUDIO, 2),
    "in-context-video": (IN_STUDIO, 1),
}


@pytest.fixture(scope="module")
def browser(stack: Stack, chromium: str) -> Iterator[Browser]:
    """Signed in as somebody who sees every course, and administers nothing."""
    url = stack.settings.superset_url
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(url, user, password) as admin:
        person = people.add(stack.settings, admin, "browser-provost", "Instructor", ["*"])
    with open_browser(url, person.user, person.password, chromium) as opened:
        yield opened
    people.give(people.access_file(stack.settings), person.user, [])


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_every_chart_of_every_tab_is_drawn(slug: str, browser: Browser, tmp_path: Path) -> None:
    width, charts = DASHBOARDS[slug]

    page = browser.dashboard(slug, image=tmp_path / f"{slug}.png", width=width)

    assert page.failures == []
    assert page.blocked == [], "the page asks for something outside this machine"
    assert Counter(chart.state for chart in page.charts) == {"shown": charts}
