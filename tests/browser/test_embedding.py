"""A dashboard on a page of another site: a guest of one course sees that course only, and for five minutes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import yaml

from aspects.access import people
from aspects.access.people import Person
from aspects.assets.browser import FLAGS, LOOK
from aspects.assets.superset_client import Chart, Filter, SupersetClient, SupersetError, chart_request
from aspects.settings import ROOT
from tests.conftest import Stack

EXAMPLE = ROOT / "services/superset/example_embedding/server.py"
DASHBOARD = yaml.safe_load((ROOT / "assets/dashboards/course-dashboard.yaml").read_text())["_embedded"]


@dataclass(frozen=True)
class Site:
    """The example site, an instructor of `course` (whose ground truth is `enrolled`), and another course."""

    stack: Stack
    admin: SupersetClient
    url: str
    instructor: Person
    embedder: Person
    course: str
    enrolled: int
    other: str

    def answer(self, course: str, person: Person | None) -> httpx.Response:
        """What the site says when somebody asks for a token."""
        credentials = (person.user, person.password) if person else None
        return httpx.get(f"{self.url}/guest-token", params={"course": course}, auth=credentials, trust_env=False)

    def token(self) -> str:
        return str(self.answer(self.course, self.instructor).json()["token"])

    def chart_data(self, chart: Chart, token: str) -> httpx.Response:
        """A chart's data as the embedded page asks for it."""
        request = chart_request(chart)
        return httpx.post(
            f"{self.admin.url}/api/v1/chart/data",
            json=request,
            headers={"X-GuestToken": token},
            trust_env=False,
            timeout=60,
        )


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    rows = json.loads(stack.truth.read_text())["measures"]["currently_enrolled"]
    most, other = sorted(rows, key=lambda row: -row["value"])[:2]
    url = stack.settings.embed_origins
    if not url:
        pytest.skip("the stack that runs already lets no site embed its dashboards (ASPECTS_EMBED_ORIGINS)")
    with SupersetClient(stack.settings.superset_url, user, password) as admin:
        instructor = people.add(stack.settings, admin, "site-instructor", "Instructor", [most["course_key"]])
        embedder = people.add(stack.settings, admin, "site-embedder", "Embedder")
        environment = {
            **os.environ,
            "SUPERSET_URL": admin.url,
            "EMBEDDER_USER": embedder.user,
            "EMBEDDER_PASSWORD": embedder.password,
            "COURSE_ACCESS_FILE": str(people.access_file(stack.settings)),
            "DASHBOARD": DASHBOARD,
        }
        python = str(stack.settings.envs / "superset" / "bin" / "python")
        process = subprocess.Popen([python, str(EXAMPLE), str(urlsplit(url).port)], env=environment)
        try:
            deadline = time.monotonic() + 30
            while True:
                with suppress(httpx.TransportError):
                    httpx.get(url, trust_env=False)
                    break
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield Site(stack, admin, url, instructor, embedder, most["course_key"], most["value"], other["course_key"])
        finally:
            process.terminate()
            process.wait(timeout=10)
            people.give(people.access_file(stack.settings), instructor.user, [])


def test_the_page_shows_one_course(site: Site, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        try:
            credentials: Any = {"username": site.instructor.user, "password": site.instructor.password}
            page = browser.new_context(
                viewport={"width": 1440, "height": 1600}, http_credentials=credentials, service_workers="block"
            ).new_page()
            page.goto(f"{site.url}/?course={quote(site.course)}")
            deadline = time.monotonic() + 60
            while True:
                page.wait_for_timeout(250)
                frame = next((each for each in page.frames if "/embedded/" in each.url), None)
                charts = frame.evaluate(LOOK)["charts"] if frame else []
                settled = charts and all(each["drawn"] and not each["loading"] for each in charts)
                counts = [each["words"].split() for each in charts if each["title"] == "Current enrollees"]
                # A number is drawn in steps up to what it is.
                if settled and len(counts) == 1 and str(site.enrolled) in counts[0]:
                    break
                assert time.monotonic() < deadline, (page.inner_text("#state"), charts)
            assert not [each["alert"] for each in charts if each["alert"]]

            page.goto(f"{site.url}/?course={quote(site.other)}")
            page.wait_for_function("document.getElementById('state').textContent !== ''")
            assert "not of the staff" in page.inner_text("#state")
        finally:
            browser.close()


def test_the_site_gives_tokens_to_staff_only(site: Site) -> None:
    student = people.add(site.stack.settings, site.admin, "site-student", "Student")
    stranger = Person("site-instructor", "wrong", "Instructor", ())

    assert site.answer(site.course, site.instructor).status_code == 200
    assert site.answer(site.other, site.instructor).status_code == 403
    assert site.answer("course-v1:A+B+C' or '1' = '1", site.instructor).status_code == 403
    assert site.answer(site.course, student).status_code == 403
    assert site.answer(site.course, stranger).status_code == 401
    assert site.answer(site.course, None).status_code == 401


def test_a_guest_gets_the_course_of_the_token_in_every_chart(site: Site) -> None:
    token = site.token()
    own = Filter("course_key", "IN", [site.course])

    for chart in site.admin.charts("course-dashboard"):
        answer = site.chart_data(chart, token)
        assert answer.status_code == 200, (chart.title, answer.text)
        found, expected = answer.json()["result"][0]["data"], site.admin.data(chart, [own]).rows
        assert sorted(map(json.dumps, found)) == sorted(map(json.dumps, expected)), chart.title
        assert site.other not in answer.text
    for dashboard in site.admin.dashboards():
        if dashboard.slug != "course-dashboard":
            assert site.chart_data(site.admin.charts(dashboard.slug)[0], token).status_code == 403, dashboard.slug


def test_a_guest_has_nothing_but_the_dashboard(site: Site) -> None:
    headers = {"X-GuestToken": site.token()}
    for path in ("dataset/", "database/", "security/users/", "rowlevelsecurity/", "sqllab/", "query/"):
        answer = httpx.get(f"{site.admin.url}/api/v1/{path}", headers=headers, trust_env=False)
        assert answer.status_code in (401, 403, 404), path


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def signed(claims: dict[str, Any], key: str, header: dict[str, str] | None = None) -> str:
    """A token as Superset would sign it."""
    text = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}"
    mac = base64.urlsafe_b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())
    return f"{text}.{mac.rstrip(b'=').decode()}"


def test_a_token_that_is_old_or_forged_opens_nothing(site: Site) -> None:
    chart = next(each for each in site.admin.charts("course-dashboard") if each.title == "Current enrollees")
    _, claims, _ = site.token().split(".")
    good: dict[str, Any] = json.loads(base64.urlsafe_b64decode(claims + "=="))
    key = hmac.new(site.stack.secrets["SUPERSET_SECRET_KEY"].encode(), b"guest tokens", hashlib.sha256).hexdigest()

    assert site.chart_data(chart, signed(good, key)).status_code == 200, "the key is the right one"
    bad = {
        "expired": signed({**good, "exp": time.time() - 60}, key),
        "signed with another key": signed(good, "another"),
        "not signed": f"{part({'alg': 'none'})}.{claims}.",
        "for another audience": signed({**good, "aud": "elsewhere"}, key),
        "of another type": signed({**good, "type": "access"}, key),
        "no token": "nonsense",
    }
    for what, token in bad.items():
        assert site.chart_data(chart, token).status_code in (401, 403), what
    nobody = signed({**good, "rls_rules": []}, key)
    assert site.chart_data(chart, nobody).json()["result"][0]["data"] == [{"learners": 0}], "it names no course"


@pytest.mark.parametrize(
    "rules",
    [
        [],
        [{"clause": "1 = 1"}],
        [{"clause": "course_key = 'course-v1:A+B+C' or 1 = 1"}],
        [{"clause": "course_key = 'course-v1:A+B+C'"}, {"clause": "org = 'A'"}],
        [{"clause": "course_key = 'course-v1:A+B+C'", "dataset": 1}],
    ],
    ids=str,
)
def test_superset_makes_no_token_that_names_no_course(site: Site, rules: list[dict[str, Any]]) -> None:
    wanted = {"user": {"username": "x"}, "resources": [{"type": "dashboard", "id": DASHBOARD}], "rls": rules}
    with SupersetClient(site.admin.url, site.embedder.user, site.embedder.password) as embedder:
        with pytest.raises(SupersetError) as refused:
            embedder.post("security/guest_token/", wanted)
        assert refused.value.http_status == 400


def test_other_sites_may_not_show_it(site: Site) -> None:
    page = f"{site.admin.url}/embedded/{DASHBOARD}"

    allowed = httpx.get(page, headers={"Referer": f"{site.url}/"}, trust_env=False)
    assert allowed.status_code == 200
    policy = allowed.headers["content-security-policy"]
    assert f"frame-ancestors 'self' {site.url}" in policy
    assert httpx.get(page, headers={"Referer": "http://elsewhere.example/"}, trust_env=False).status_code == 403
    assert httpx.get(page, trust_env=False).status_code == 403
