"""A dashboard that was edited in the browser survives the way through files into another Superset."""

from __future__ import annotations

import difflib
import os
import shutil
from pathlib import Path

import pytest

from aspects.assets.browser import Browser
from aspects.assets.check import check_here
from aspects.assets.exporting import from_superset
from aspects.assets.render import render_bundle, variables
from aspects.assets.superset_client import SupersetClient
from aspects.assets.sync import sync
from aspects.settings import ROOT
from tests.conftest import Stack, free_port
from tests.integration.test_superset_service import Superset

SLUG = "course-dashboard"
WAIT = 60_000


@pytest.mark.timeout(300)
def test_an_edit_survives_export_check_and_sync_into_an_empty_superset(
    stack: Stack, browser: Browser, tmp_path: Path
) -> None:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    values = variables(stack.settings, stack.secrets)
    folder = Path(shutil.copytree(ROOT / "assets", tmp_path / "assets"))
    (tmp_path / "dbt").symlink_to(ROOT / "dbt")
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        chart = client.charts(SLUG)[0]
        try:
            rename_dashboard(browser, "Courses, edited")
            rename_chart(browser, chart.id, "Edited in the browser")
            brought = from_superset(client, [SLUG], folder, values)
        finally:
            assert sync(stack.settings, stack.secrets, os.environ, force=True).errors == ()

    changes = [
        line
        for each in brought.files
        for line in difflib.ndiff((each.before or "").splitlines(), each.after.splitlines())
        if line[0] in "+-"
    ]
    assert sorted(line for line in changes if line[0] == "+") == [
        "+ dashboard_title: Courses, edited",
        "+ slice_name: Edited in the browser",
    ]
    assert len(changes) == 4, "the edit and nothing else"

    brought.write(folder)
    assert check_here(stack.settings, folder, ignore=["T004"]).findings == []

    other = Superset(stack, tmp_path / "superset", free_port())
    render_bundle(stack.settings, stack.secrets, other.bundle, folder)
    with other.serving(), other.client() as client:
        assert client.dashboard(SLUG).title == "Courses, edited"
        assert "Edited in the browser" in [each.title for each in client.charts(SLUG)]
        slugs = [each.slug for each in client.dashboards()]
        again = from_superset(client, slugs, folder, values)
    assert (again.files, again.notes) == ([], [])


def rename_dashboard(browser: Browser, title: str) -> None:
    page = browser._context.new_page()
    try:
        page.set_viewport_size({"width": 1440, "height": 1200})
        page.goto(f"{browser.url}/superset/dashboard/{SLUG}/")
        page.locator('[data-test="slice-container"]').first.wait_for(timeout=WAIT)
        page.click('[data-test="edit-dashboard-button"]', timeout=WAIT)
        field = page.locator('[data-test="editable-title-input"], [data-test="editable-title"] input').first
        field.click(timeout=WAIT)
        field.fill(title)
        field.press("Enter")
        page.click('[data-test="header-save-button"]', timeout=WAIT)
        page.locator('[data-test="edit-dashboard-button"]').wait_for(timeout=WAIT)
    finally:
        page.close()


def rename_chart(browser: Browser, number: int, title: str) -> None:
    page = browser._context.new_page()
    try:
        page.set_viewport_size({"width": 1440, "height": 1200})
        page.goto(f"{browser.url}/explore/?slice_id={number}")
        page.locator('[data-test="slice-container"], .chart-container').first.wait_for(timeout=WAIT)
        page.click('[data-test="query-save-button"]:not([disabled])', timeout=WAIT)
        page.locator("#overwrite-radio").click(timeout=WAIT)
        page.fill('[data-test="new-chart-name"]', title, timeout=WAIT)
        with page.expect_response(lambda answer: answer.request.method == "PUT" and "/api/v1/chart/" in answer.url):
            page.click('[data-test="btn-modal-save"]', timeout=WAIT)
    finally:
        page.close()
