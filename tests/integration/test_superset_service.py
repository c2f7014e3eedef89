"""Superset as a service: its start, its import of assets, and who may do what in it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import yaml

from aspects.access import people
from aspects.assets.superset_client import Filter, SupersetClient, SupersetError, chart_request
from aspects.settings import ROOT
from aspects.stack.services import read_service
from tests.conftest import Stack, free_port

SERVICE = ROOT / "services" / "superset" / "service.yaml"
PASSWORD = "correct horse battery staple"
LONGEST_START = 120.0


@dataclass(frozen=True)
class Superset:
    """A Superset of a test's own, that nothing else uses. It has no warehouse: none answers at its connection."""

    stack: Stack
    state: Path
    port: int
    password: str = PASSWORD

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bundle(self) -> Path:
        return self.state / "bundle"

    def start(self, *options: str) -> subprocess.Popen[str]:
        """`boot.py` as the supervisor runs it."""
        settings = self.stack.settings.model_copy(update={"superset_port": self.port})
        launch = read_service(SERVICE).launch(settings, self.stack.secrets, os.environ)
        mine = {
            "SUPERSET_STATE": str(self.state),
            "SUPERSET_ASSETS": str(self.bundle),
            "SUPERSET_ADMIN_USER": "admin",
            "SUPERSET_ADMIN_PASSWORD": self.password,
            "WAREHOUSE_HOST": "",  # the usage of this one is not that of the stack
        }
        return subprocess.Popen(
            [*launch.command, *options],
            cwd=launch.folder,
            env={**launch.environment, **mine},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *options: str) -> tuple[int, str, str]:
        """Run to its end: status, output, errors."""
        process = self.start(*options)
        out, err = process.communicate(timeout=LONGEST_START)
        return process.returncode, out, err

    @contextmanager
    def serving(self) -> Iterator[subprocess.Popen[str]]:
        """Serve until the end of the block."""
        process = self.start()
        try:
            deadline = time.monotonic() + LONGEST_START
            while not self.health():
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.2)
            yield process
        finally:
            stop(process)

    def health(self) -> dict[str, Any] | None:
        try:
            answer = httpx.get(f"{self.url}/aspects/health", timeout=5, trust_env=False)
        except httpx.TransportError:
            return None
        return dict(answer.json()) if answer.status_code == 200 else None

    def client(self, password: str = "") -> SupersetClient:
        return SupersetClient(self.url, "admin", password or self.password)

    def slugs(self) -> set[str]:
        """The dashboards of the bundle."""
        return {yaml.safe_load(file.read_text())["slug"] for file in (self.bundle / "dashboards").glob("*.yaml")}

    def change(self, file: str, edit: Callable[[dict[str, Any]], object]) -> None:
        """Edit a file of the bundle."""
        path = self.bundle / file
        document = yaml.safe_load(path.read_text())
        edit(document)
        path.write_text(yaml.safe_dump(document, sort_keys=False))


def stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ask it to end, unless it has; killed when it does not. Returns its output and errors."""
    if process.poll() is not None:
        return "", ""
    process.send_signal(signal.SIGTERM)
    try:
        return process.communicate(timeout=15)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise


def tables_of_the_environment(stack: Stack) -> Path:
    """Where the first Superset of an environment leaves its empty tables for the next ones."""
    return stack.settings.envs / "superset" / "empty-metadata.db"


@pytest.fixture(scope="module")
def prepared(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> tuple[Superset, str]:
    """A Superset with the project's assets in it, and what it said when it was prepared.

    Its first start was killed in the middle of the migrations.
    """
    state = tmp_path_factory.mktemp("superset")
    superset = Superset(stack, state, free_port())
    shutil.copytree(stack.settings.service_state("superset") / "bundle", superset.bundle)
    tables_of_the_environment(stack).unlink(missing_ok=True)  # else it would be a copy of them, with no migrations
    first = superset.start("--prepare")
    deadline = time.monotonic() + LONGEST_START
    database = state / "superset.db"
    while not ((state / "superset.before-migration").exists() and database.stat().st_size > 100_000):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    status, out, err = superset.run("--prepare")
    assert status == 0, out + err
    return superset, out


@pytest.fixture
def superset(prepared: tuple[Superset, str], tmp_path: Path) -> Superset:
    """A copy of the prepared Superset, which the test may change."""
    original, _ = prepared
    shutil.copytree(original.state, tmp_path / "state")
    return replace(original, state=tmp_path / "state", port=free_port())


def test_a_start_after_a_killed_migration_begins_again(prepared: tuple[Superset, str]) -> None:
    superset, said = prepared

    assert "the last migration was cut off" in said
    assert "assets were imported" in said
    assert not list(superset.state.glob("*.before-migration*"))


def test_the_next_one_of_an_environment_begins_with_its_tables(prepared: tuple[Superset, str], tmp_path: Path) -> None:
    first, _ = prepared
    assert tables_of_the_environment(first.stack).exists()
    other = Superset(first.stack, tmp_path, free_port())

    status, out, err = other.run("--prepare")

    assert status == 0, out + err
    assert tables(other.state) == tables(first.state)


def tables(state: Path) -> list[tuple[str, ...]]:
    """Every table and index, and the version of the tables."""
    with closing(sqlite3.connect(state / "superset.db")) as connection:
        named = connection.execute("select type, name, sql from sqlite_master order by name").fetchall()
        return [*named, *connection.execute("select version_num from alembic_version").fetchall()]


def test_a_later_start_applies_a_new_password_and_keeps_the_rest(superset: Superset) -> None:
    changed = replace(superset, password="a new one")
    with changed.serving() as process, changed.client() as client:
        assert {dashboard.slug for dashboard in client.dashboards()} == superset.slugs()
        with superset.client() as old, pytest.raises(SupersetError) as refused:
            old.dashboards()
        assert refused.value.code == "superset.login"

        page = httpx.get(f"{superset.url}/login/", trust_env=False)
        loads = [part for part in page.headers["content-security-policy"].split("; ") if "frame-ancestors" not in part]
        assert "http" not in "; ".join(loads), "a page may load from this server only"
        assert "access-control-allow-origin" not in page.headers

        children = psutil.Process(process.pid).children(recursive=True)
        out, err = stop(process)

    assert process.returncode == 0, err
    assert "The assets are unchanged." in out
    assert "Migrate" not in out
    assert "Traceback" not in out + err
    assert not [child for child in children if child.is_running()]


def test_a_broken_bundle_is_reported_and_changes_nothing(superset: Superset) -> None:
    """It serves all the same, with the assets of the last good import; a mended bundle is taken while it serves."""
    dashboard, chart = "dashboards/course-dashboard.yaml", "charts/current-enrollees.yaml"
    superset.change(dashboard, lambda document: document.update(dashboard_title="Courses"))
    superset.change(chart, lambda document: document.update(slise_name=document.pop("slice_name")))

    with superset.serving(), superset.client() as client:
        health = superset.health()
        assert health is not None
        assert health["status"] == "degraded"
        assert health["assets"]["files"] == [chart]
        assert client.dashboard("course-dashboard").title == "Course Dashboard"

        status, out, _ = superset.run("--import-only")
        assert status == 1
        answer = json.loads(out)
        assert (answer["imported"], answer["unchanged"]) == (0, False)
        assert {"file": chart, "message": "slise_name: Unknown field."} in answer["errors"]
        assert client.dashboard("course-dashboard").title == "Course Dashboard"

        before = client.dashboard("course-dashboard").id
        superset.change(chart, lambda document: document.update(slice_name=document.pop("slise_name")))
        status, out, _ = superset.run("--import-only")
        assert (status, json.loads(out)["errors"]) == (0, [])
        assert client.dashboard("course-dashboard").title == "Courses"
        assert client.dashboard("course-dashboard").id == before, "links to a dashboard survive an import"
        health = superset.health()
        assert health is not None
        assert health["status"] == "ok"


def test_a_failure_in_the_middle_of_an_import_changes_nothing(superset: Superset) -> None:
    """The importer writes the connection first; what fails is the last dashboard."""
    superset.change("databases/aspects.yaml", lambda document: document.update(database_name="Renamed"))
    superset.change(
        "dashboards/operator-dashboard.yaml",
        lambda document: document["metadata"].update(timed_refresh_immune_slices=[4711]),
    )

    status, out, _ = superset.run("--import-only")

    assert status == 1
    assert json.loads(out)["errors"] == [{"file": "", "message": "KeyError: 4711"}]
    with closing(sqlite3.connect(superset.state / "superset.db")) as database:
        assert database.execute("select database_name from dbs").fetchall() == [("Aspects",)]


def test_an_upgrade_that_was_cut_off_goes_back_to_the_copy_made_before_it(superset: Superset) -> None:
    database = superset.state / "superset.db"
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("update dashboards set dashboard_title = 'Mine' where slug = 'course-dashboard'")
        connection.execute("""update aspects_facts set value = '"6.0.0"' where name = 'superset_version'""")
    shutil.copy(database, superset.state / "superset.before-migration")
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("drop table slices")  # half of a migration

    status, out, err = superset.run("--prepare")

    assert status == 0, err
    assert "cut off" in out
    assert "Migrate the metadata database" in out
    with closing(sqlite3.connect(database)) as connection:
        titles = connection.execute("select dashboard_title from dashboards where slug = 'course-dashboard'").fetchall()
        assert titles == [("Mine",)], "what people made is kept"
        assert connection.execute("select count(*) from slices").fetchone()[0] > 0


def test_a_start_without_its_settings_names_them(stack: Stack) -> None:
    launch = read_service(SERVICE).launch(stack.settings, stack.secrets, os.environ)
    environment = {name: value for name, value in launch.environment.items() if name != "SUPERSET_SECRET_KEY"}

    done = subprocess.run(
        launch.command, cwd=launch.folder, env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "SUPERSET_SECRET_KEY must be set" in done.stderr


def test_it_is_small_at_rest(superset: Superset) -> None:
    with superset.serving() as process:
        first = psutil.Process(process.pid)
        processes = [first, *first.children(recursive=True)]

        assert len(processes) > 1
        assert sum(each.memory_info().rss for each in processes) < 380_000_000


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[SupersetClient]:
    """The administrator of the running stack's Superset."""
    credentials = read_service(SERVICE).credentials(stack.settings, stack.secrets)
    assert credentials
    with SupersetClient(stack.settings.superset_url, credentials["user"], credentials["password"]) as client:
        yield client


@pytest.fixture(scope="module")
def person(stack: Stack, admin: SupersetClient) -> Iterator[Callable[[str], SupersetClient]]:
    """A person of a role, signed in: `person("Instructor")`. The file of access would let each see every course."""
    clients: dict[str, SupersetClient] = {}

    def sign_in(role: str) -> SupersetClient:
        if role not in clients:
            name = f"test-{role.lower()}"
            added = people.add(stack.settings, admin, name, role, ["*"])
            clients[role] = SupersetClient(admin.url, name, added.password)
        return clients[role]

    yield sign_in
    for client in clients.values():
        client.close()


def refused(request: Callable[[], object]) -> int:
    """The status with which Superset refuses a request; 0 when it does not."""
    try:
        request()
    except SupersetError as error:
        return error.http_status
    return 0


def run_sql(client: SupersetClient) -> object:
    return client.post("sqllab/execute/", {"database_id": 1, "sql": "select 1 as one", "client_id": "test"})


def test_an_instructor_reads_a_dashboard_and_nothing_beside_it(
    admin: SupersetClient, person: Callable[[str], SupersetClient]
) -> None:
    instructor = person("Instructor")
    chart = next(chart for chart in admin.charts("course-dashboard") if chart.title == "Current enrollees")
    operators = next(chart for chart in admin.charts("operator-dashboard"))

    everyone = {dashboard.slug for dashboard in admin.dashboards()}
    assert {dashboard.slug for dashboard in instructor.dashboards()} == everyone - {"operator-dashboard"}
    assert instructor.data(chart).rows == admin.data(chart).rows
    assert refused(lambda: instructor.data(operators)) == 403
    alone = chart_request(chart)
    del alone["form_data"]["dashboardId"]
    assert refused(lambda: instructor.post("chart/data", alone)) == 403, "the data is the dashboard's, not the person's"
    for listing in ("dataset/", "database/", "security/users/"):
        assert refused(lambda listing=listing: instructor.get(listing)) == 403
    assert refused(lambda: run_sql(instructor)) == 403


def test_a_student_sees_nothing(admin: SupersetClient, person: Callable[[str], SupersetClient]) -> None:
    student = person("Student")
    chart = admin.charts("course-dashboard")[0]

    assert refused(student.dashboards) == 403
    assert refused(lambda: student.data(chart)) == 403
    assert refused(lambda: student.get("chart/")) == 403


def test_an_operator_reads_everything_and_administers_nobody(
    admin: SupersetClient, person: Callable[[str], SupersetClient]
) -> None:
    operator = person("Operator")

    assert len(operator.dashboards()) == len(admin.dashboards())
    assert all(operator.data(chart).rows is not None for chart in operator.charts("operator-dashboard"))
    assert refused(lambda: run_sql(operator)) == 0
    assert refused(lambda: operator.get("security/users/")) == 403


def test_a_filter_and_a_time_range_reach_the_query(admin: SupersetClient) -> None:
    chart = next(chart for chart in admin.charts("course-dashboard") if "learners are active" in chart.title)

    everything = admin.data(chart)
    nothing = admin.data(chart, [Filter("org", "IN", ["no such organization"])])
    week = admin.data(chart, time_range="2001-01-01 : 2001-01-08")

    assert everything.rows
    assert nothing.rows == []
    assert "no such organization" in nothing.queries[0].sql
    assert week.rows == []


def test_what_cannot_be_answered_says_why(admin: SupersetClient) -> None:
    with pytest.raises(SupersetError, match="no dashboard 'course'") as missing:
        admin.charts("course")
    assert (missing.value.code, "course-dashboard" in missing.value.why) == ("superset.missing", True)

    chart = admin.charts("course-dashboard")[0]
    broken = {"expressionType": "SQL", "sqlExpression": "sum(no_such_column)", "label": "broken"}
    chart.query_context["queries"][0]["metrics"] = [broken]
    with pytest.raises(SupersetError) as failed:
        admin.data(chart)
    assert failed.value.code == "superset.chart"
    assert "no_such_column" in failed.value.why

    with (
        SupersetClient(f"http://127.0.0.1:{free_port()}", "admin", "x") as nobody,
        pytest.raises(SupersetError) as gone,
    ):
        nobody.dashboards()
    assert gone.value.code == "superset.unreachable"
