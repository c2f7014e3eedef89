"""Sign-in through an LMS: its signed token says who it is, its API which courses they see; all else is refused."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import KeySet

from aspects.assets.superset_client import Chart, Filter, SupersetClient, chart_request
from aspects.settings import ROOT
from aspects.stack.services import read_service
from tests.conftest import Stack, free_port
from tests.integration.lms import CLIENT, KEY, OTHER_KEY, SECRET, Lms, serving

ROLES = """
select ab_role.name from ab_user
join ab_user_role on ab_user_role.user_id = ab_user.id
join ab_role on ab_role.id = ab_user_role.role_id
where ab_user.username = ?
"""


@dataclass(frozen=True)
class SignIn:
    """A Superset with the warehouse of the stack, whose people sign in through `lms`."""

    url: str
    lms: Lms
    courses: list[dict[str, Any]]
    database: Path

    def roles(self, browser: httpx.Client) -> set[str]:
        """The roles of the person who has just come from the LMS; none when nobody is signed in (401)."""
        if browser.get("/api/v1/me/").status_code == 401:
            return set()
        with closing(sqlite3.connect(self.database)) as connection:
            return {row[0] for row in connection.execute(ROLES, [self.lms.user])}

    @contextmanager
    def person(self, user: str, **claims: Any) -> Iterator[httpx.Client]:
        """A browser of somebody who is signed in to the LMS and goes to Superset's sign-in; it may have failed."""
        self.lms.user, self.lms.claims = user, claims
        with httpx.Client(base_url=self.url, follow_redirects=True, timeout=60, trust_env=False) as browser:
            browser.get("/login/lms")
            yield browser


@pytest.fixture(scope="module")
def sign_in(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignIn]:
    state, port, lms_port = tmp_path_factory.mktemp("sign-in"), free_port(), free_port()
    with (
        closing(sqlite3.connect(stack.settings.service_state("superset") / "superset.db")) as source,
        closing(sqlite3.connect(state / "superset.db")) as target,
    ):
        source.backup(target)
    url = f"http://127.0.0.1:{port}"
    lms_url = f"http://127.0.0.1:{lms_port}"
    changes = {"superset_port": port, "lms_url": lms_url, "lms_client_id": CLIENT, "superset_public_url": url}
    settings = stack.settings.model_copy(update=changes)
    launch = read_service(ROOT / "services/superset/service.yaml").launch(
        settings, {**stack.secrets, "LMS_CLIENT_SECRET": SECRET}, os.environ
    )
    mine = {"SUPERSET_STATE": str(state), "SUPERSET_ASSETS": str(stack.settings.service_state("superset") / "bundle")}
    rows = json.loads(stack.truth.read_text())["measures"]["currently_enrolled"]
    with (
        serving(f"{url}/oauth-authorized/lms", lms_port) as lms,
        (state / "log").open("w") as log,
        subprocess.Popen(
            launch.command, cwd=launch.folder, env={**launch.environment, **mine}, stdout=log, stderr=log
        ) as process,
    ):
        try:
            deadline = time.monotonic() + 120
            while not healthy(url):
                assert process.poll() is None, (state / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield SignIn(url, lms, sorted(rows, key=lambda row: -row["value"]), state / "superset.db")
        finally:
            process.terminate()


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/aspects/health", timeout=5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(autouse=True)
def well_behaved(sign_in: SignIn) -> None:
    """Each test begins with an LMS that works."""
    sign_in.lms.key, sign_in.lms.header, sign_in.lms.api = KEY, {}, "works"
    sign_in.lms.staff.clear()


@pytest.fixture(scope="module")
def enrollees(stack: Stack) -> Chart:
    """A chart of the course dashboard; its number is the same in both Supersets."""
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as admin:
        return next(chart for chart in admin.charts("course-dashboard") if chart.title == "Current enrollees")


def learners(browser: httpx.Client, chart: Chart, *filters: Filter) -> int | None:
    """The number on the chart; None when it is refused."""
    token = browser.get("/api/v1/security/csrf_token/")
    headers = {"X-CSRFToken": token.json()["result"]} if token.status_code == 200 else {}
    answer = browser.post("/api/v1/chart/data", json=chart_request(chart, filters), headers=headers)
    return int(answer.json()["result"][0]["data"][0]["learners"]) if answer.status_code == 200 else None


def test_staff_of_a_course_are_its_instructors(sign_in: SignIn, enrollees: Chart) -> None:
    first, second = sign_in.courses[:2]
    sign_in.lms.staff["ada"] = [first["course_key"]]
    sign_in.lms.staff["both"] = [first["course_key"], "not a key", second["course_key"]]

    with sign_in.person("ada") as ada:
        assert sign_in.roles(ada) == {"Instructor", "Student"}
        assert learners(ada, enrollees) == first["value"]
    with sign_in.person("both") as both:
        key = [first["course_key"], second["course_key"]]
        assert learners(both, enrollees, Filter("course_key", "IN", key[:1])) == first["value"], "the first page"
        assert learners(both, enrollees, Filter("course_key", "IN", key[1:])) == second["value"], "the last page"


def test_an_answer_of_the_lms_is_remembered_for_a_while(sign_in: SignIn, enrollees: Chart) -> None:
    sign_in.lms.staff["carol"] = [sign_in.courses[0]["course_key"]]

    with sign_in.person("carol") as carol:
        sign_in.lms.asked.clear()
        assert {learners(carol, enrollees) for _ in range(3)} == {sign_in.courses[0]["value"]}
    assert len(sign_in.lms.asked) == 1


def test_who_is_no_staff_gets_nothing(sign_in: SignIn, enrollees: Chart) -> None:
    with sign_in.person("learner") as learner:
        assert sign_in.roles(learner) == {"Student"}
        assert learners(learner, enrollees) is None
        assert learner.get("/api/v1/dashboard/").status_code == 403


@pytest.mark.parametrize("claim", ["superuser", "administrator"])
def test_staff_of_the_lms_are_operators(sign_in: SignIn, claim: str) -> None:
    with sign_in.person(f"boss-{claim}", **{claim: True}) as boss:
        assert sign_in.roles(boss) == {"Operator", "Student"}
    with sign_in.person(f"boss-{claim}", **{claim: "yes"}) as boss:
        assert sign_in.roles(boss) == {"Student"}, "a role that the LMS takes away is gone with the next sign-in"


def test_an_lms_that_fails_opens_nothing(sign_in: SignIn, enrollees: Chart) -> None:
    first = sign_in.courses[0]
    for name, api in (("dave", "fails"), ("eve", "leads away")):
        sign_in.lms.staff[name] = [course["course_key"] for course in sign_in.courses[:2]]
        sign_in.lms.api = api
        with sign_in.person(name) as browser:
            assert sign_in.roles(browser) == set(), "nobody can tell their role"
    sign_in.lms.api = "works"
    sign_in.lms.staff["frank"] = [first["course_key"]]
    with sign_in.person("frank") as frank:
        sign_in.lms.api = "fails"
        assert learners(frank, enrollees) == 0


FORGED: dict[str, Callable[[Lms], None]] = {
    "signed with another key": lambda lms: setattr(lms, "key", OTHER_KEY),
    "a key that is not known": lambda lms: lms.header.update(kid="two"),
    "no key is named": lambda lms: lms.header.update(kid=""),
    "not signed": lambda lms: lms.header.update(alg="none"),
    "signed with the public key as a secret": lambda lms: lms.header.update(alg="HS256"),
}
WRONG: dict[str, dict[str, Any]] = {
    "for somebody else": {"aud": "another client"},
    "for nobody": {"aud": None},
    "by somebody else": {"iss": "http://elsewhere.example/oauth2"},
    "by nobody": {"iss": None},
    "expired": {"exp": int(time.time()) - 60},
    "without an end": {"exp": None},
    "not yet": {"nbf": int(time.time()) + 3600},
    "about nobody": {"preferred_username": ""},
    "about no name": {"preferred_username": None},
}


@pytest.mark.parametrize("what", FORGED)
def test_a_token_that_the_lms_did_not_sign_is_refused(sign_in: SignIn, what: str) -> None:
    sign_in.lms.staff["mallory"] = [sign_in.courses[0]["course_key"]]
    FORGED[what](sign_in.lms)

    with sign_in.person("mallory", superuser=True) as mallory:
        assert sign_in.roles(mallory) == set()


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_is_not_for_us_and_now_is_refused(sign_in: SignIn, what: str) -> None:
    with sign_in.person("mallory", **{"superuser": True, **WRONG[what]}) as mallory:
        assert sign_in.roles(mallory) == set()


def test_nobody_becomes_an_account_of_this_server(sign_in: SignIn, stack: Stack) -> None:
    """Whatever name they have at the LMS."""
    for name in (stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_USER"].upper()):
        with sign_in.person(name, superuser=True) as mallory:
            assert sign_in.roles(mallory) == set()


def test_the_way_back_is_the_public_address(sign_in: SignIn) -> None:
    """Whatever host a request names: else somebody's code could be sent elsewhere."""
    with httpx.Client(base_url=sign_in.url, trust_env=False) as browser:
        away = browser.get("/login/lms", headers={"Host": "elsewhere.example", "X-Forwarded-Host": "elsewhere.example"})
    target = httpx.URL(away.headers["location"])

    assert str(target).startswith(f"{sign_in.lms.url}/oauth2/authorize")
    assert target.params["redirect_uri"] == f"{sign_in.url}/oauth-authorized/lms"
    assert target.params["code_challenge_method"] == "S256"


def test_an_answer_that_nobody_asked_for_is_refused(sign_in: SignIn) -> None:
    """The code of one browser does not sign another one in."""
    with (
        httpx.Client(base_url=sign_in.url, trust_env=False) as first,
        httpx.Client(base_url=sign_in.url, trust_env=False) as second,
    ):
        sign_in.lms.user, sign_in.lms.claims = "ada", {"superuser": True}
        back = first.get(first.get("/login/lms").headers["location"]).headers["location"]
        second.get(back)
        assert sign_in.roles(second) == set()


def test_the_sign_in_page_leads_to_the_lms(sign_in: SignIn) -> None:
    page = httpx.get(f"{sign_in.url}/login/", trust_env=False).text

    assert re.search(r"AUTH_PROVIDERS.{0,80}lms", page)


CHECK = """
import sys
from superset_boot.lms import Tokens
print(Tokens(sys.argv[1], sys.argv[2], sys.argv[3]).claims(sys.argv[4])["preferred_username"])
"""


def test_the_keys_may_be_a_file(sign_in: SignIn, stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "keys.json"
    file.write_text(json.dumps(KeySet([KEY]).as_dict(private=False)))
    sign_in.lms.user, sign_in.lms.claims = "ada", {}

    def said() -> str:
        python = str(stack.settings.envs / "superset" / "bin" / "python")
        words = [python, "-c", CHECK, str(file), f"{sign_in.lms.url}/oauth2", CLIENT, sign_in.lms.token()]
        done = subprocess.run(words, cwd=ROOT / "services/superset", capture_output=True, text=True, check=False)
        return done.stdout + done.stderr.splitlines()[-1] if done.stderr else done.stdout

    assert said() == "ada\n"
    sign_in.lms.header = {"kid": "two"}
    assert "No key of the LMS is called 'two'" in said()
    sign_in.lms.header, sign_in.lms.key = {}, OTHER_KEY
    assert "Signature verification failed" in said()
