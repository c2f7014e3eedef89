"""Dashboards in a real browser: what each chart shows once it has settled, and a picture of the page.

Some defects exist nowhere else: a chart type that the front end does not know imports well and answers the chart API.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from aspects.errors import AspectsError

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page, Request

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    # A page is judged by this machine alone, and tells nobody that it was opened. Routes of Playwright would do the
    # same, but turn the browser's cache off: each page then loads Superset's scripts anew.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE [::1]",
)
PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
LOCAL = ("127.0.0.1", "localhost", "::1")
NOT_SENT = "csp"
"""Why a request failed that the page's own content security policy held back."""
WIDTH = 1440
HEIGHT = 900
TALLEST = 12_000
"""Pixels; a page is pictured down to here."""
QUIET_LOOKS = 3
"""A view has settled when nothing changed over so many looks in a row, a quarter of a second apart."""
QUIET_LOOKS_WITHOUT_CHARTS = 12
GIVEN_UP = "signal is aborted"
"""What a page says of a question that it no longer needs answered, since a filter has been set meanwhile."""
ANIMATION = 1500
"""Milliseconds in which bars and lines grow to their size."""

CHART = '[data-test="dashboard-component-chart-holder"][class*="dashboard-chart-id-"]'

State = Literal["shown", "empty", "error", "missing", "loading"]

# What is in view of the dashboard: its charts, its tabs, and where its lowest part ends (the document itself is always
# taller than the window). What stands in a tab that is not open is hidden, or not in the page at all.
LOOK = """() => {
  const text = element => (element.innerText || element.textContent || '').replace(/\\s+/g, ' ').trim();
  const inView = selector => [...document.querySelectorAll(selector)].filter(element => element.offsetParent);
  return {
    ready: !!document.querySelector('[data-test="dashboard-header-container"]'),
    bottom: Math.ceil(Math.max(0, ...inView('[class*="dashboard-component"]')
      .map(part => part.getBoundingClientRect().bottom + window.scrollY))),
    tabs: inView('[class*="dashboard-component-tabs"] [role="tab"]')
      .map(tab => ({id: tab.id, open: tab.getAttribute('aria-selected') === 'true'})),
    charts: inView('[data-test="dashboard-component-chart-holder"][class*="dashboard-chart-id-"]').map(holder => {
      const grid = holder.querySelector('[data-test="chart-grid-component"]');
      const title = holder.querySelector('[data-test="slice-header"] [data-test="editable-title"]');
      const alert = holder.querySelector('[role="alert"], .ant-alert, .missing-chart-container');
      return {
        place: holder.querySelector('.anchor-link-container')?.id || '',
        title: grid?.getAttribute('data-test-chart-name') || (title ? text(title) : ''),
        alert: alert ? text(alert) || 'an alert without text' : '',
        missing: !!holder.querySelector('.missing-chart-container'),
        drawn: !!holder.querySelector('[data-test="slice-container"]'),
        loading: !!holder.querySelector('.loading, [data-test="loading-indicator"]'),
        empty: !!holder.querySelector('.ant-empty'),
        words: text(holder),
      };
    }),
  };
}"""
MARGIN = 24


@dataclass(frozen=True)
class ChartOnPage:
    """A chart as a person sees it.

    shown: it is drawn; empty: drawn, with Superset's note that there are no results; error: an alert stands in its
    place; missing: its place names no chart that exists; loading: it had not settled when the time was up.
    """

    title: str
    state: State
    error: str = ""

    @property
    def failed(self) -> bool:
        """Whether something is wrong with it; a chart without results is not."""
        return self.state in ("error", "missing", "loading")


@dataclass(frozen=True)
class DashboardOnPage:
    """A dashboard after it has settled, in each of its tabs.

    `blocked`: addresses outside this machine that the page asked for (none was let through). `errors`: uncaught errors
    of the page's scripts. `images`: the pictures, when they were asked for: one a tab, and the first as it opens.
    """

    slug: str
    title: str
    charts: list[ChartOnPage]
    seconds: float
    images: list[Path] = field(default_factory=list)
    blocked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def image(self) -> Path | None:
        """The picture of the dashboard as it opens."""
        return self.images[0] if self.images else None

    @property
    def failures(self) -> list[str]:
        """What is wrong, a line each; a dashboard without charts is wrong too."""
        found = [f"{chart.title or 'untitled'}: {chart.error}" for chart in self.charts if chart.failed]
        found += [f"error of the page: {error}" for error in self.errors]
        return found if self.charts else [*found, "no chart is on the page"]


def find_browser() -> str:
    """The path of a Chromium on PATH; AspectsError (`assets.browser`) when there is none."""
    for program in PROGRAMS:
        if path := shutil.which(program):
            return path
    raise AspectsError(
        "There is no browser to open a dashboard in.",
        why=f"None of {', '.join(PROGRAMS)} is on PATH.",
        fix="Install Chromium (Debian: apt-get install chromium) and run the command again.",
        code="assets.browser",
    )


SIGN_INS = 3
"""How often the sign-in form is sent before it counts as refused."""


class Browser:
    """A signed-in browser. Make one with `open_browser`."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.url = url.rstrip("/")
        self.blocked: list[str] = []
        self._context = context
        context.on("requestfailed", self._note_what_is_outside)

    def _note_what_is_outside(self, request: Request) -> None:
        host = urlsplit(request.url).hostname  # none for what the page has made itself (blob:)
        if host and host not in LOCAL and request.failure != NOT_SENT:
            self.blocked.append(request.url)

    def login(self, user: str, password: str, timeout: float = 60) -> None:
        """Sign in through the form; AspectsError (`superset.login`) when Superset stays on it.

        On a busy machine the form may go before its page has taken in what was typed: it is sent up to three times.
        """
        page = self._context.new_page()
        limit = timeout * 1000
        try:
            for _ in range(SIGN_INS):
                self._go(page, "/login/", timeout)
                page.fill('[data-test="username-input"]', user, timeout=limit)
                page.fill('[data-test="password-input"]', password, timeout=limit)
                with page.expect_navigation(timeout=limit):
                    page.click('[data-test="login-button"]', timeout=limit)
                if not urlsplit(page.url).path.startswith("/login"):
                    return
                page.wait_for_timeout(1000)
            shown = " ".join(page.inner_text("body").split())[:200]
            raise AspectsError(
                f"Superset does not let {user} in.",
                why=f"It shows the sign-in page again. {shown}",
                fix="Check the user and the password; ./inv dev.status shows those of the stack.",
                code="superset.login",
            )
        finally:
            page.close()

    def dashboard(
        self, slug: str, image: Path | None = None, width: int = WIDTH, timeout: float = 120, query: str = ""
    ) -> DashboardOnPage:
        """Open a dashboard and each of its tabs, wait until the charts have settled, and look at each.

        The window is made as tall as the dashboard, for Superset draws only what is in view. `timeout`: seconds for
        the first charts to appear, and for those of each tab to settle. `image`: where to save a picture (PNG),
        `width` pixels wide; those of further tabs are saved beside it (`name-2.png`). `query` is added to the address
        (`standalone=2`).
        AspectsError: `superset.missing`, `superset.unreachable`.
        """
        start = time.perf_counter()
        self.blocked = []
        errors: list[str] = []
        charts: dict[str, ChartOnPage] = {}
        images: list[Path] = []
        page = self._context.new_page()
        try:
            page.on("pageerror", lambda error: errors.append(str(error).splitlines()[0]))
            page.set_viewport_size({"width": width, "height": HEIGHT})
            self._go(page, f"/superset/dashboard/{slug}/" + (f"?{query}" if query else ""), timeout)
            for number, view in enumerate(_views(page, width, timeout), start=1):
                for each in view["charts"]:
                    charts[each["place"] or f"{number}: {each['title']}"] = _judge(each)
                if image:
                    images.append(image if number == 1 else image.with_stem(f"{image.stem}-{number}"))
                    images[-1].parent.mkdir(parents=True, exist_ok=True)
                    page.mouse.move(0, 0)  # off anything that would show a tooltip
                    page.wait_for_timeout(ANIMATION)
                    page.screenshot(path=str(images[-1]))
            title = page.title()
        finally:
            page.close()
        seconds = time.perf_counter() - start
        errors = [error for error in errors if GIVEN_UP not in error]
        return DashboardOnPage(slug, title, list(charts.values()), seconds, images, sorted(set(self.blocked)), errors)

    def _go(self, page: Page, path: str, timeout: float) -> None:
        from playwright.sync_api import Error

        try:
            answer = page.goto(self.url + path, wait_until="domcontentloaded", timeout=timeout * 1000)
        except Error as error:
            raise AspectsError(
                f"The browser got no answer from {self.url}.",
                why=str(error).splitlines()[0],
                fix="./inv dev.status shows what runs, ./inv dev.up starts it.",
                code="superset.unreachable",
            ) from error
        if answer is not None and answer.status >= 400:
            raise AspectsError(
                f"There is no page {path} for this person.",
                why=f"Superset answered {answer.status}.",
                fix="Check the name of the dashboard (its slug) and the person's roles.",
                code="superset.missing",
            )


@contextmanager
def open_browser(url: str, user: str, password: str, program: str = "") -> Iterator[Browser]:
    """A browser that is signed in to the Superset at `url`; closed with the context.

    `program` is the path of a Chromium; the first one on PATH unless given. AspectsError: `assets.browser` when
    something is not installed, and those of `Browser.login`.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError as error:
        raise AspectsError(
            "There is nothing to drive a browser with.",
            why="The Python package playwright is not installed.",
            fix="./inv test and ./inv lint install it; or add it by hand: uv pip install playwright.",
            code="assets.browser",
        ) from error
    path = program or find_browser()
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        try:
            # A service worker would fetch behind the page's back.
            context = chromium.new_context(
                viewport={"width": WIDTH, "height": HEIGHT}, locale="en-US", service_workers="block"
            )
            browser = Browser(context, url)
            browser.login(user, password)
            yield browser
        finally:
            chromium.close()


def _views(page: Page, width: int, timeout: float) -> Iterator[dict[str, Any]]:
    """What is seen in each tab, the inner ones of a tab before its neighbours; once when there are none."""
    opened: set[str] = set()
    _wait_for_charts(page, timeout)
    while True:
        seen = _settled(page, time.perf_counter() + timeout, width)
        yield seen
        opened |= {tab["id"] for tab in seen["tabs"] if tab["open"]}
        left = [tab["id"] for tab in seen["tabs"] if tab["id"] not in opened]
        if not left:
            return
        opened.add(left[-1])
        page.locator(f'[id="{left[-1]}"]').click()


def _wait_for_charts(page: Page, timeout: float) -> None:
    """On a busy machine a page has its frame long before its charts. One that never has any is judged later."""
    from playwright.sync_api import TimeoutError as TooLate

    with suppress(TooLate):
        page.wait_for_selector(CHART, state="visible", timeout=timeout * 1000)


def _settled(page: Page, deadline: float, width: int) -> dict[str, Any]:
    """Look until what is in view, and the height of the window, do not change any more."""
    before: Any = None
    quiet = 0
    while True:
        page.wait_for_timeout(250)
        seen: dict[str, Any] = page.evaluate(LOOK)
        size = {"width": width, "height": min(max(int(seen["bottom"]) + MARGIN, HEIGHT), TALLEST)}
        settled = seen["ready"] and not any(_judge(each).state == "loading" for each in seen["charts"])
        quiet = quiet + 1 if settled and seen == before and page.viewport_size == size else 0
        before = seen
        needed = QUIET_LOOKS if seen["charts"] else QUIET_LOOKS_WITHOUT_CHARTS
        if quiet >= needed or time.perf_counter() > deadline:
            return seen
        if page.viewport_size != size:
            page.set_viewport_size({"width": size["width"], "height": size["height"]})


def _judge(seen: dict[str, Any]) -> ChartOnPage:
    title = str(seen["title"])
    if seen["missing"]:
        return ChartOnPage(title, "missing", str(seen["alert"]))
    if seen["alert"]:
        return ChartOnPage(title, "error", str(seen["alert"]))
    if seen["loading"] or not seen["drawn"]:
        return ChartOnPage(title, "loading", "it was still loading when the time was up")
    if seen["empty"]:
        return ChartOnPage(title, "empty", "")
    return ChartOnPage(title, "shown", "")
