"""What a page asks for outside this machine is not asked for, by name or by number, and is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import sync_playwright

from aspects.assets.browser import FLAGS, Browser
from tests.conftest import free_port

NUMBER = "http://127.0.0.2/a-number"
NAME = "http://elsewhere.example/a-name"
PAGE = f'<img src="/own"><img src="{NUMBER}"><img src="{NAME}">'


class Site(BaseHTTPRequestHandler):
    """A page with a picture of its own and two from elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(PAGE.encode())

    def log_message(self, *words: object) -> None:
        """Nothing of it is for the tests' output."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", free_port()), Site) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_nothing_outside_is_asked_and_each_address_is_told(address: str, chromium: str) -> None:
    answered: list[str] = []
    failed: dict[str, str | None] = {}
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        context = program.new_context()
        context.on("requestfinished", lambda request: answered.append(request.url))
        context.on("requestfailed", lambda request: failed.update({request.url: request.failure}))
        browser = Browser(context, address)
        context.new_page().goto(address, wait_until="networkidle")
        program.close()
    assert f"{address}/own" in answered
    # A connection that was tried would have been refused.
    assert failed == {NUMBER: "net::ERR_NAME_NOT_RESOLVED", NAME: "net::ERR_NAME_NOT_RESOLVED"}
    assert sorted(browser.blocked) == [NUMBER, NAME]
