"""A browser that is signed in to the running stack's Superset."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from aspects.assets.browser import Browser, open_browser
from tests.conftest import Stack


@pytest.fixture(scope="module")
def browser(stack: Stack, chromium: str) -> Iterator[Browser]:
    """Signed in as the administrator. Playwright drives one browser at a time, so a module that uses this opens no
    other."""
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with open_browser(stack.settings.superset_url, user, password, chromium) as opened:
        yield opened
