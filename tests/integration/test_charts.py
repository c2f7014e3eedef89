"""What dashboards show, out of Superset's chart API, equals what the generated learners did."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from aspects.assets.superset_client import Chart, Filter, SupersetClient
from aspects.assets.superset_sql import renderings
from tests.conftest import Stack
from tests.integration.chart_data import LONGEST_COPY, use_as_a_page

COURSE, OPERATOR = "course-dashboard", "operator-dashboard"
EXPECTED_CHARTS = {COURSE: 27, OPERATOR: 35}
ALL_TIME = "2000-01-01 : 2100-01-01"


@dataclass(frozen=True)
class Dashboards:
    """Asks charts for data by dashboard and title."""

    client: SupersetClient
    charts: Mapping[str, Mapping[str, Chart]]

    def rows(self, dashboard: str, title: str, *filters: Filter, dates: str = "") -> list[dict[str, Any]]:
        return self.client.data(self.charts[dashboard][title], filters, dates).rows


@pytest.fixture(scope="module")
def dashboards(stack: Stack) -> Iterator[Dashboards]:
    user, password = stack.secrets["SUPERSET_ADMIN_USER"], stack.secrets["SUPERSET_ADMIN_PASSWORD"]
    with SupersetClient(stack.settings.superset_url, user, password) as client:
        charts = {slug: {chart.title: chart for chart in client.charts(slug)} for slug in EXPECTED_CHARTS}
        use_as_a_page(client, OPERATOR, charts[OPERATOR]["Courses"])
        found = Dashboards(client, charts)
        deadline = time.monotonic() + LONGEST_COPY
        while not (
            found.rows(OPERATOR, "Dashboards opened")[0]["openings"]
            and found.rows(OPERATOR, "Charts loaded")[0]["loads"]
        ):
            assert time.monotonic() < deadline, "Superset has not copied its log"
            time.sleep(1)
        yield found


@pytest.fixture(scope="module")
def truth(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    measures: dict[str, list[dict[str, Any]]] = json.loads(stack.truth.read_text())["measures"]
    return measures


@pytest.fixture(scope="module")
def course(truth: dict[str, list[dict[str, Any]]]) -> str:
    return str(max(truth["currently_enrolled"], key=lambda row: row["value"])["course_key"])


@pytest.fixture(scope="module")
def courses(truth: dict[str, list[dict[str, Any]]]) -> Filter:
    """The generated courses: other tests may have stored statements of other ones."""
    return Filter("course_key", "IN", sorted({row["course_key"] for row in truth["currently_enrolled"]}))


def of(key: str) -> Filter:
    return Filter("course_key", "IN", [key])


def day(milliseconds: float) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).date().isoformat()


@pytest.mark.parametrize("slug", EXPECTED_CHARTS)
def test_every_chart_answers_with_rows(slug: str, dashboards: Dashboards) -> None:
    charts = dashboards.charts[slug]

    assert len(charts) == EXPECTED_CHARTS[slug]
    assert {title: bool(dashboards.rows(slug, title)) for title in charts} == dict.fromkeys(charts, True)


@pytest.mark.parametrize("slug", EXPECTED_CHARTS)
def test_every_chart_answers_under_every_filter(slug: str, dashboards: Dashboards) -> None:
    """A filter's value may hold anything; a chart that has no such column is not in the filter's reach."""
    for title, chart in dashboards.charts[slug].items():
        for dates in (ALL_TIME, "Last week", "2026-01-01 : now"):
            dashboards.client.data(chart, (), dates)
        if "course_run" in chart.query_context["form_data"].get("columns", []):
            dashboards.rows(slug, title, Filter("course_run", "IN", ["2026'; drop table x --"]))


def test_current_enrollees(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str) -> None:
    for row in truth["currently_enrolled"]:
        assert dashboards.rows(COURSE, "Current enrollees", of(row["course_key"])) == [{"learners": row["value"]}]


def test_enrollees_by_track(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str) -> None:
    expected = {
        row["enrollment_mode"]: row["value"]
        for row in truth["currently_enrolled_by_mode"]
        if row["course_key"] == course and row["value"]
    }

    found = dashboards.rows(COURSE, "Which tracks are learners enrolled in?", of(course))

    assert {row["enrollment_mode"]: row["learners"] for row in found} == expected


def _cumulative(truth: dict[str, list[dict[str, Any]]], course: str) -> dict[str, dict[str, int]]:
    """By day of a change: enrollments by track at its end; the tracks' last known values carry on."""
    changes: dict[str, dict[str, int]] = defaultdict(dict)
    for row in truth["cumulative_enrollment_by_day"]:
        if row["course_key"] == course:
            changes[row["day"]][row["enrollment_mode"]] = row["value"]
    standing: dict[str, int] = {}
    found = {}
    for each in sorted(changes):
        standing.update(changes[each])
        found[each] = dict(standing)
    return found


def test_cumulative_enrollments(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str) -> None:
    expected = _cumulative(truth, course)

    rows = dashboards.rows(COURSE, "How has enrollment grown?", of(course))

    found = {day(row["changed_on"]): {k: v for k, v in row.items() if k != "changed_on"} for row in rows}
    for when, by_track in expected.items():
        assert {track: found[when][track] for track in by_track} == by_track, when
    last = max(expected)
    assert {track: found[max(found)][track] for track in expected[last]} == expected[last], "the line reaches today"


def test_a_date_filter_keeps_the_enrollments_from_before_it(
    dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str
) -> None:
    days = sorted(_cumulative(truth, course))
    start, end = days[len(days) // 3], days[2 * len(days) // 3]
    chart = "How has enrollment grown?"
    everything = {row["changed_on"]: row for row in dashboards.rows(COURSE, chart, of(course))}

    cut = dashboards.rows(COURSE, chart, of(course), dates=f"{start} : {end}")

    assert day(cut[0]["changed_on"]) == start
    assert day(cut[-1]["changed_on"]) < end, "the end of a range is outside of it"
    assert all(everything[row["changed_on"]] == row for row in cut)


def test_active_learners_over_time(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str) -> None:
    expected = {row["day"]: row["value"] for row in truth["active_learners_by_day"] if row["course_key"] == course}

    rows = dashboards.rows(COURSE, "How many learners are active?", of(course))

    assert {day(row["day"]): row["learners"] for row in rows} == expected


def test_a_date_filter_includes_its_first_day_and_the_current_one(
    dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], courses: Filter
) -> None:
    expected = {row["day"]: row["value"] for row in truth["active_learners_per_day"]}
    first = sorted(expected)[-3]

    rows = dashboards.rows(OPERATOR, "How many learners are active on the instance?", courses, dates=f"{first} : now")

    assert {day(row["day"]): row["learners"] for row in rows} == {k: v for k, v in expected.items() if k >= first}


def test_grade_distribution(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], course: str) -> None:
    expected = {row["grade_bucket"]: row["value"] for row in truth["grade_buckets"] if row["course_key"] == course}

    rows = dashboards.rows(COURSE, "How are course grades distributed?", of(course))

    assert [row["grade_bucket"] for row in rows] == [*(f"{low}-{low + 9}" for low in range(0, 90, 10)), "90-100"]
    assert {row["grade_bucket"]: row["learners"] for row in rows if row["learners"]} == expected


def test_learners_with_a_passing_grade(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]]) -> None:
    for row in truth["passing_learners"]:
        found = dashboards.rows(COURSE, "Passing learners", of(row["course_key"]))
        assert found == [{"passing_learners": row["value"]}]


def test_events_over_time(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], courses: Filter) -> None:
    expected: dict[str, int] = defaultdict(int)
    for row in truth["events_by_day"]:
        expected[row["day"]] += row["value"]

    rows = dashboards.rows(OPERATOR, "How many events arrive?", courses)

    assert {day(row.pop("day")): sum(count or 0 for count in row.values()) for row in rows} == expected


def test_organizations(dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]], courses: Filter) -> None:
    found = dashboards.rows(OPERATOR, "Organizations", courses)

    assert found == [{"organizations": truth["organizations"][0]["value"]}]


def test_the_last_event_is_no_older_than_the_generated_one(
    dashboards: Dashboards, truth: dict[str, list[dict[str, Any]]]
) -> None:
    latest = dashboards.rows(OPERATOR, "Last event received")[0]["latest"]

    assert datetime.fromtimestamp(latest / 1000, UTC) >= datetime.fromisoformat(
        truth["last_event_time"][0]["value"]
    ).replace(microsecond=0)


def test_a_filter_reaches_into_the_datasets_sql_as_the_check_renders_it(dashboards: Dashboards) -> None:
    chart = dashboards.charts[COURSE]["Current enrollees"]

    data = dashboards.client.data(chart, [Filter("org", "IN", ["one", "it's two"])])

    template = "{% if filter_values('org') %} and org in {{ filter_values('org') | where_in }} {% endif %}"
    expected = renderings(template, {"org": "String"})[-1].sql.strip()
    assert expected in " ".join(data.queries[0].sql.split())
    assert data.rows == [{"learners": 0}]
