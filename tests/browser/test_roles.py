"""What each role finds in a browser, in a window of the smallest width that dashboards are made for."""

from __future__ import annotations

import json

from aspects.access import people
from aspects.assets.browser import Browser, open_browser
from aspects.assets.superset_client import SupersetClient
from aspects.errors import AspectsError
from tests.conftest import Stack


def test_an_instructor_opens_the_dashboards_that_are_theirs_and_a_student_none(stack: Stack, chromium: str) -> None:
    url = stack.settings.superset_url
    rows = json.loads(stack.truth.read_text())["measures"]["currently_enrolled"]
    course = max(rows, key=lambda row: row["value"])
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(url, user, password) as admin:
        every = {dashboard.slug for dashboard in admin.dashboards()}
        instructor = people.add(stack.settings, admin, "browser-instructor", "Instructor", [course["course_key"]])
        student = people.add(stack.settings, admin, "browser-student", "Student")
    with SupersetClient(url, instructor.user, instructor.password) as client:
        theirs = {dashboard.slug for dashboard in client.dashboards()}

    # What the charts of every dashboard hold for a role is asked of Superset's API, in tests/integration/assets; that
    # they are drawn for instructors is seen in test_more_dashboards.
    assert {"course-dashboard", "learner-groups"} <= theirs
    assert "operator-dashboard" in every - theirs
    with open_browser(url, instructor.user, instructor.password, chromium) as browser:
        assert browser.dashboard("in-context-course", width=1024).failures == []
        assert not shows_charts(browser, "operator-dashboard")
    with open_browser(url, student.user, student.password, chromium) as browser:
        assert not shows_charts(browser, "course-dashboard")


def shows_charts(browser: Browser, slug: str) -> bool:
    """Whether a dashboard opens with anything on it."""
    try:
        return bool(browser.dashboard(slug, timeout=10).charts)
    except AspectsError as refused:
        if refused.code != "superset.missing":
            raise
        return False
