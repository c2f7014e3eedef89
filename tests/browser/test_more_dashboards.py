"""Further dashboards: every chart of every tab is drawn, at the width at which they are shown."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aspects.assets.browser import Browser

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


@pytest.mark.parametrize("slug", DASHBOARDS)
def test_every_chart_of_every_tab_is_drawn(slug: str, browser: Browser, tmp_path: Path) -> None:
    width, charts = DASHBOARDS[slug]

    page = browser.dashboard(slug, image=tmp_path / f"{slug}.png", width=width)

    assert page.failures == []
    assert page.blocked == [], "the page asks for something outside this machine"
    assert Counter(chart.state for chart in page.charts) == {"shown": charts}
