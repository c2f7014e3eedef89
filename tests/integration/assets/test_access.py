"""Who sees what in Superset: one course, an organization, everything or nothing, in every chart there is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest

from aspects.access import people
from aspects.assets.superset_client import Chart, Filter, SupersetClient, SupersetError, chart_request
from aspects.fake.course import Scenario
from aspects.fake.people import World, profile
from tests.conftest import Stack
from tests.integration.chart_data import browser_session

ALL_TIME = "2000-01-01 : 2100-01-01"


@dataclass(frozen=True)
class Course:
    """A generated course, and how many are enrolled in it by the ground truth."""

    key: str
    enrolled: int

    @property
    def organization(self) -> str:
        return self.key.removeprefix("course-v1:").split("+")[0]


@pytest.fixture(scope="module")
def courses(stack: Stack) -> list[Course]:
    """The generated courses, those with most learners first."""
    rows = json.loads(stack.truth.read_text())["measures"]["currently_enrolled"]
    return sorted((Course(row["course_key"], row["value"]) for row in rows), key=lambda course: -course.enrolled)


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Iterator[SupersetClient]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        yield client


@pytest.fixture(scope="module")
def charts(admin: SupersetClient) -> list[Chart]:
    """Every chart of every dashboard."""
    return [chart for dashboard in admin.dashboards() for chart in admin.charts(dashboard.slug)]


@pytest.fixture(scope="module")
def for_instructors(admin: SupersetClient) -> set[str]:
    """The dashboards that the role Instructor is given."""
    return {
        dashboard.slug
        for dashboard in admin.dashboards()
        if "Instructor" in [role["name"] for role in admin.get(f"dashboard/{dashboard.slug}")["result"]["roles"]]
    }


class SignIn:
    """Makes people and signs them in."""

    def __init__(self, stack: Stack, admin: SupersetClient) -> None:
        self._stack, self._admin = stack, admin
        self._clients: dict[str, SupersetClient] = {}

    def __call__(self, role: str, *sees: str) -> SupersetClient:
        name = f"access-{role.lower()}-{len(self._clients)}"
        person = people.add(self._stack.settings, self._admin, name, role, sees)
        self._clients[name] = SupersetClient(self._admin.url, person.user, person.password)
        return self._clients[name]

    def close(self) -> None:
        for name, client in self._clients.items():
            client.close()
            people.give(people.access_file(self._stack.settings), name, [])


@pytest.fixture(scope="module")
def sign_in(stack: Stack, admin: SupersetClient) -> Iterator[SignIn]:
    signing = SignIn(stack, admin)
    yield signing
    signing.close()


@pytest.fixture(scope="module")
def instructor(sign_in: SignIn, courses: list[Course]) -> SupersetClient:
    """An instructor of one course."""
    return sign_in("Instructor", courses[0].key)


def status(client: SupersetClient, method: str, path: str, body: object = None) -> int:
    """What Superset answers this person with: the status alone."""
    try:
        client.get(path) if method == "GET" else client.post(path, body)
    except SupersetError as error:
        return error.http_status
    return 200


def rows(client: SupersetClient, chart: Chart, *filters: Filter) -> list[str]:
    """A chart's rows over all time, in an order of ours: charts of equal values may come in any. The last digits of a
    sum depend on the order in which threads add."""
    data = client.data(chart, filters, ALL_TIME if "time_range" in json.dumps(chart.query_context) else "")
    found = [row for query in data.queries for row in query.rows]
    return sorted(
        json.dumps(
            {name: float(f"{each:.9g}") if isinstance(each, float) else each for name, each in sorted(row.items())}
        )
        for row in found
    )


@pytest.fixture(scope="module")
def shown(admin: SupersetClient, charts: list[Chart]) -> dict[int, list[str]]:
    """The rows of each chart, by its number, as the administrator sees them."""
    return {chart.id: rows(admin, chart) for chart in charts}


def of_each_dataset(charts: Iterable[Chart]) -> Iterable[Chart]:
    """A chart of each dataset."""
    return {chart.query_context["datasource"]["id"]: chart for chart in charts}.values()


def test_an_instructor_sees_one_course_in_every_chart(
    admin: SupersetClient,
    instructor: SupersetClient,
    charts: list[Chart],
    courses: list[Course],
    for_instructors: set[str],
) -> None:
    own = Filter("course_key", "IN", [courses[0].key])
    other = [course for course in courses if course.key != courses[0].key]

    assert {dashboard.slug for dashboard in instructor.dashboards()} == for_instructors
    compared = 0
    for chart in charts:
        if chart.dashboard.slug not in for_instructors:
            assert status(instructor, "POST", "chart/data", chart_request(chart)) == 403, chart.title
            assert status(instructor, "GET", f"dashboard/{chart.dashboard.id}") in (403, 404)
            continue
        found = rows(instructor, chart)
        assert found == rows(admin, chart, own), (chart.dashboard.slug, chart.title)
        assert not [course.key for course in other if course.key in "".join(found)], chart.title
        compared += bool(found)
    assert compared, "the comparison is of charts that show something"


def test_the_numbers_are_those_of_the_course(
    admin: SupersetClient, instructor: SupersetClient, sign_in: SignIn, charts: list[Chart], courses: list[Course]
) -> None:
    chart = next(chart for chart in charts if chart.title == "Current enrollees")
    organization = courses[0].organization
    dean = sign_in("Instructor", organization)
    provost = sign_in("Instructor", "*")
    newcomer = sign_in("Instructor")

    assert instructor.data(chart).rows == [{"learners": courses[0].enrolled}]
    assert dean.data(chart).rows == admin.data(chart, [Filter("org", "IN", [organization])]).rows
    assert provost.data(chart).rows == admin.data(chart).rows
    assert newcomer.data(chart).rows == [{"learners": 0}]


def test_an_operator_sees_all(
    admin: SupersetClient,
    sign_in: SignIn,
    charts: list[Chart],
    shown: dict[int, list[str]],
    for_instructors: set[str],
) -> None:
    operator = sign_in("Operator")

    assert len(operator.dashboards()) == len(admin.dashboards())
    for chart in of_each_dataset(charts):
        if (
            chart.dashboard.slug in for_instructors
        ):  # those of the instance tell of themselves: no two answers are equal
            assert rows(operator, chart) == shown[chart.id], chart.title
        else:
            assert bool(rows(operator, chart)) == bool(shown[chart.id]), chart.title


def test_a_student_gets_nothing(sign_in: SignIn, charts: list[Chart], courses: list[Course]) -> None:
    """Even one whom the file gives a course."""
    student = sign_in("Student", courses[0].key)

    assert status(student, "GET", "dashboard/") == 403
    for slug in {chart.dashboard.slug for chart in charts}:
        assert status(student, "GET", f"dashboard/{slug}") in (403, 404)
    for chart in charts:
        assert status(student, "POST", "chart/data", chart_request(chart)) == 403, chart.title
    for listing in ("chart/", "dataset/", "database/", "security/users/", "rowlevelsecurity/"):
        assert status(student, "GET", listing) == 403


def native_filters(admin: SupersetClient, slug: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The filters of a dashboard that list values, and what each reads."""
    found = admin.get(f"dashboard/{slug}")["result"]
    entries = json.loads(found["json_metadata"])["native_filter_configuration"]
    return [
        (entry, target)
        for entry in entries
        for target in entry.get("targets") or []
        if entry.get("filterType") == "filter_select" and "column" in target
    ]


def choices(
    client: SupersetClient, dashboard: int, entry: dict[str, Any], target: dict[str, Any], **more: Any
) -> set[str]:
    """What a filter lists, asked for as the filter bar asks."""
    column = target["column"]["name"]
    answer = client.post(
        "chart/data",
        {
            "datasource": {"id": target["datasetId"], "type": "table"},
            "queries": [{"columns": [column], "metrics": [], "filters": [], "row_limit": 1000, "extras": {}, **more}],
            "form_data": {"native_filter_id": entry["id"], "dashboardId": dashboard, "type": "NATIVE_FILTER"},
            "result_format": "json",
            "result_type": "full",
            "force": True,
        },
    )
    return {str(row[column]) for row in answer["result"][0]["data"]}


def test_a_filter_lists_values_of_the_course_only(
    admin: SupersetClient,
    instructor: SupersetClient,
    charts: list[Chart],
    courses: list[Course],
    for_instructors: set[str],
) -> None:
    own = {"filters": [{"col": "course_key", "op": "IN", "val": [courses[0].key]}]}
    dashboards = {chart.dashboard.slug: chart.dashboard.id for chart in charts}
    seen = 0
    for slug in for_instructors:
        for entry, target in native_filters(admin, slug):
            found = choices(instructor, dashboards[slug], entry, target)
            assert found == choices(admin, dashboards[slug], entry, target, **own), (slug, entry["name"])
            seen += len(found)
            assert not status_of_values(instructor, target)
    assert seen


def status_of_values(client: SupersetClient, target: dict[str, Any]) -> bool:
    """Whether the address by which Superset's editor lists a column's values answers this person."""
    return (
        status(client, "GET", f"datasource/table/{target['datasetId']}/column/{target['column']['name']}/values/")
        == 200
    )


def test_an_export_holds_the_course_only(
    instructor: SupersetClient, charts: list[Chart], courses: list[Course], for_instructors: set[str]
) -> None:
    """CSV, and the rows behind a chart."""
    for chart in of_each_dataset(chart for chart in charts if chart.dashboard.slug in for_instructors):
        for change in ({"result_format": "csv"}, {"result_type": "samples"}, {"result_type": "drill_detail"}):
            said = exported(instructor, {**chart_request(chart), **change})
            assert not [course.key for course in courses[1:] if course.key in said], (chart.title, change)


def exported(client: SupersetClient, request: dict[str, Any]) -> str:
    """What Superset answers, which need not be JSON."""
    try:
        return client._answer("POST", "chart/data", json=request, headers=client._form_headers()).text
    except SupersetError as refused:
        if refused.http_status not in (400, 403):
            raise
        return str(refused.why)


def test_an_instructor_has_nothing_but_the_dashboards(
    admin: SupersetClient, instructor: SupersetClient, charts: list[Chart]
) -> None:
    datasets = [each["id"] for each in admin.get("dataset/", q="(page_size:500)")["result"]]
    session = browser_session(instructor)
    form = {"X-CSRFToken": session.get("/api/v1/security/csrf_token/").json()["result"]}

    for listing in ("dataset/", "database/", "security/users/", "rowlevelsecurity/", "query/", "saved_query/"):
        assert status(instructor, "GET", listing) == 403, listing
    for dataset in datasets:
        assert status(instructor, "GET", f"dataset/{dataset}") in (403, 404)
        page = f"/datasource/samples?datasource_type=table&datasource_id={dataset}&force=true"
        assert session.post(page, json={}, headers=form).status_code in (401, 403), "as a session of a browser"
    for chart in charts:
        assert status(instructor, "GET", f"explore/?slice_id={chart.id}") in (403, 404)
        assert status(instructor, "GET", f"chart/{chart.id}/data/") in (403, 404)
        assert status(instructor, "GET", f"chart/{chart.id}") in (403, 404)
    sql = {"database_id": 1, "sql": "select * from enrollments", "client_id": "access"}
    assert status(instructor, "POST", "sqllab/execute/", sql) == 403
    assert status(instructor, "POST", "security/guest_token/", {"user": {}, "resources": [], "rls": []}) == 403


SUBQUERY = "(select count() from enrollments)"
ADHOC = {"expressionType": "SQL", "label": "mine"}


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": [{**ADHOC, "sqlExpression": "countIf(actor_id in enrollments)"}]},
        {"metrics": [{**ADHOC, "sqlExpression": f"any({SUBQUERY})"}]},
        {"columns": [{**ADHOC, "sqlExpression": "dictGet('reporting.x', 'y', 1)"}]},
        {"columns": ["toString(actor_id in enrollments)"]},
        {"orderby": [[{**ADHOC, "sqlExpression": "actor_id in enrollments"}, True]]},
        {"filters": [{"col": {**ADHOC, "sqlExpression": "actor_id in enrollments"}, "op": "==", "val": 1}]},
        {"extras": {"where": "1 = 1 or actor_id in enrollments"}},
        {"extras": {"where": "actor_id in enrollments"}},
        {"extras": {"having": "count() > 0"}},
    ],
    ids=str,
)
def test_an_instructor_cannot_bring_sql_along(
    instructor: SupersetClient, charts: list[Chart], change: dict[str, Any]
) -> None:
    chart = next(chart for chart in charts if chart.title == "Current enrollees")
    request = chart_request(chart)
    request["queries"][0].update(change)

    assert status(instructor, "POST", "chart/data", request) == 403


@pytest.mark.parametrize(
    "value",
    ["' or 1 = 1 --", "\\' or 1 = 1 --", "\\", "{{ 1 / 0 }}", "') or 1=1) --", "%s %(a)s :name", "\x00\n\u2028"],
)
def test_the_value_of_a_filter_is_a_value(instructor: SupersetClient, charts: list[Chart], value: str) -> None:
    chart = next(chart for chart in charts if chart.title == "Current enrollees")

    for column in ("org", "course_name", "course_run"):
        assert instructor.data(chart, [Filter(column, "IN", [value])]).rows == [{"learners": 0}]


def test_without_personal_data_nobody_is_named(stack: Stack, charts: list[Chart], shown: dict[int, list[str]]) -> None:
    """PII is off: no name, account or address of a generated learner is in any chart, whoever looks."""
    assert not stack.settings.pii
    end = date.fromisoformat(stack.truth.stem.removeprefix("demo-"))
    scenario = Scenario(seed=1, end=end, lms_url=stack.settings.lms_url)
    world = World(scenario)
    learners = [world.learner(number) for number in range(200)]
    people_of = [profile(scenario, learner) for learner in learners]
    texts = {chart.title: "".join(shown[chart.id]) for chart in charts}

    for person in people_of:
        for text in (person.name, person.username, person.email):
            assert not [title for title, said in texts.items() if json.dumps(text)[1:-1] in said], text


def test_a_rule_is_in_force_for_each_dataset(admin: SupersetClient, stack: Stack) -> None:
    """As files say; a rule that is gone from the files goes, one that an administrator made stays."""
    rules = {each["name"]: each for each in admin.get("rowlevelsecurity/", q="(page_size:100)")["result"]}
    guarded = [table["table_name"] for rule in rules.values() for table in rule["tables"]]

    assert {"own-courses", "operators-only"} <= set(rules)
    assert sorted(guarded) == sorted(
        each["table_name"] for each in admin.get("dataset/", q="(page_size:500)")["result"]
    )


def test_a_dataset_without_a_rule_is_for_operators(
    stack: Stack, admin: SupersetClient, sign_in: SignIn, instructor: SupersetClient, charts: list[Chart]
) -> None:
    """Such as one that somebody made in Superset, and put on a dashboard for instructors."""
    chart = next(chart for chart in charts if chart.title == "Current enrollees")
    rule = next(each for each in admin.get("rowlevelsecurity/")["result"] if each["name"] == "own-courses")
    whole = admin.get(f"rowlevelsecurity/{rule['id']}")["result"]
    tables = [table["id"] for table in whole["tables"]]
    dataset = chart.query_context["datasource"]["id"]
    admin.put(f"rowlevelsecurity/{rule['id']}", {"tables": [table for table in tables if table != dataset]})
    try:
        assert instructor.data(chart).rows == [{"learners": 0}]
        assert sign_in("Operator").data(chart).rows == admin.data(chart).rows
    finally:
        assert stack.inv("assets.sync").status == 0, "an import puts the rules back, of an unchanged bundle too"
    assert instructor.data(chart).rows != [{"learners": 0}]


def test_a_file_that_cannot_be_read_opens_nothing(
    stack: Stack, instructor: SupersetClient, charts: list[Chart], courses: list[Course]
) -> None:
    chart = next(chart for chart in charts if chart.title == "Current enrollees")
    file = people.access_file(stack.settings)
    good = file.read_text()
    try:
        file.write_text("access: [")
        assert instructor.data(chart).rows == [{"learners": 0}]
    finally:
        file.write_text(good)
    assert instructor.data(chart).rows == [{"learners": courses[0].enrolled}]
