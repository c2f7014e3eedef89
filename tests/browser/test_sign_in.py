"""Signing in to Superset in a browser."""

from __future__ import annotations

import pytest

from aspects.assets.browser import open_browser
from aspects.errors import AspectsError
from tests.conftest import Stack, free_port


def test_a_wrong_password_is_told_from_a_server_that_is_down(stack: Stack, chromium: str) -> None:
    with pytest.raises(AspectsError) as wrong, open_browser(stack.settings.superset_url, "admin", "wrong", chromium):
        pass
    assert wrong.value.code == "superset.login"

    with pytest.raises(AspectsError) as down, open_browser(f"http://127.0.0.1:{free_port()}", "admin", "x", chromium):
        pass
    assert down.value.code == "superset.unreachable"
