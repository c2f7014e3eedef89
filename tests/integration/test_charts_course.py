"""The Course Dashboard's numbers of pages, problems, videos and progress: equal to what the generated learners did."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import fmean, median
from typing import Any

import pytest

from aspects.warehouse.client import connect
from tests.conftest import Stack
from tests.integration.chart_data import DashboardCharts, Row, day, in_courses, signed_in, whole_file_passed

SLUG = "course-dashboard"
ELSEWHERE = {
    "Current enrollees",
    "Active last 7 days",
    "Passing learners",
    "Average grade",
    "How has enrollment grown?",
    "Which tracks are learners enrolled in?",
    "How many learners are active?",
    "How are course grades distributed?",
}
"""Charts that test_charts.py compares."""


@pytest.fixture(scope="module")
def charts(stack: Stack, request: pytest.FixtureRequest) -> Iterator[DashboardCharts]:
    with signed_in(stack) as client:
        found = DashboardCharts.of(client, SLUG)
        yield found
        if whole_file_passed(request):
            assert set(found.charts) == found.asked | ELSEWHERE, "every chart is compared with something"


@pytest.fixture(scope="module")
def truth(stack: Stack) -> dict[str, list[Row]]:
    measures: dict[str, list[Row]] = json.loads(stack.truth.read_text())["measures"]
    return measures


@pytest.fixture(scope="module")
def course(truth: dict[str, list[Row]]) -> str:
    return str(max(truth["currently_enrolled"], key=lambda row: row["value"])["course_key"])


def asked(stack: Stack, statement: str, course: str) -> list[tuple[Any, ...]]:
    client = connect(stack.settings)
    try:
        found = client.query(statement, parameters={"course": course})
        return [tuple(row) for row in found.result_rows]
    finally:
        client.close()


@pytest.fixture(scope="module")
def names(stack: Stack, course: str) -> dict[str, str]:
    """Number and name of each block, out of what the LMS sent; the second of its name in a unit is told apart."""
    rows = asked(
        stack,
        """select location, display_name, xblock_data_json from event_sink.course_blocks
        where course_key = {course:String} order by `order`""",
        course,
    )
    found = {}
    alike: Counter[tuple[str, ...]] = Counter()
    for block, name, text in rows:
        facts = json.loads(text)
        numbers = [str(facts[key]) for key in ("section", "subsection", "unit") if facts[key]]
        key = (*numbers, facts["block_type"], name)
        alike[key] += 1
        again = f" ({alike[key]})" if facts["unit"] and alike[key] > 1 else ""
        found[block] = f"{':'.join(numbers)} - {name}{again}"
    return found


ENGAGEMENT = [
    ("Page", "page_engagement", "pages_viewed", "pages_total"),
    ("Problem", "problem_engagement", "problems_attempted", "problems_total"),
    ("Video", "video_engagement", "videos_viewed", "videos_total"),
]


@pytest.mark.parametrize(("thing", "measure", "done", "there"), ENGAGEMENT)
def test_engagement_by_subsection(
    charts: DashboardCharts,
    truth: dict[str, list[Row]],
    course: str,
    names: dict[str, str],
    thing: str,
    measure: str,
    done: str,
    there: str,
) -> None:
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in truth[measure]:
        if row["course_key"] == course:
            expected[names[row["subsection_id"]]][0] += row["value"]
            expected[names[row["subsection_id"]]][1] += row["value"] * (row[done] == row[there])

    rows = charts.rows(f"{thing} engagement by subsection", in_courses([course]))

    assert {row["place"]: [row["at_least_one"], row["all_of_them"]] for row in rows} == expected


@pytest.mark.parametrize(
    ("thing", "view", "done", "kind"),
    [(*one[:3], kind) for one, kind in zip(ENGAGEMENT, ("vertical", "problem", "video"), strict=True)],
)
def test_engagement_by_section(
    charts: DashboardCharts, stack: Stack, course: str, thing: str, view: str, done: str, kind: str
) -> None:
    totals = Counter(
        section
        for section, of_kind in asked(
            stack,
            """select section_with_name, block_type from reporting.blocks
            where course_key = {course:String} and subsection_id != ''""",
            course,
        )
        if of_kind == kind
    )
    each: Counter[tuple[str, str]] = Counter()
    for section, actor, some in asked(
        stack, f"select section_with_name, actor_id, {done} from reporting.{view} where course_key = {{course:String}}",
        course,
    ):  # fmt: skip
        each[section, actor] += some
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (section, _), some in each.items():
        expected[section][0] += 1
        expected[section][1] += some == totals[section]

    rows = charts.rows(f"{thing} engagement by section", in_courses([course]))

    assert {row["place"]: [row["at_least_one"], row["all_of_them"]] for row in rows} == expected


@pytest.fixture(scope="module")
def views(stack: Stack, course: str) -> list[tuple[Any, ...]]:
    return asked(
        stack,
        """select section_with_name, subsection_with_name, actor_id, toString(day), count()
        from reporting.page_views where course_key = {course:String} group by 1, 2, 3, 4""",
        course,
    )


@pytest.mark.parametrize(("title", "parts"), [("Page views by section", 1), ("Page views by subsection", 2)])
def test_page_views_by_place(
    charts: DashboardCharts, course: str, views: list[tuple[Any, ...]], title: str, parts: int
) -> None:
    learners: dict[tuple[str, ...], set[str]] = defaultdict(set)
    times: dict[tuple[str, ...], int] = defaultdict(int)
    for view in views:
        learners[view[:parts]].add(view[2])
        times[view[:parts]] += view[4]

    rows = charts.rows(title, in_courses([course]))

    places = ("section_with_name", "subsection_with_name")[:parts]
    found = {tuple(row[place] for place in places): (row["learners"], row["page_views"]) for row in rows}
    assert found == {place: (len(learners[place]), times[place]) for place in times}


def test_pages_visited_are_those_of_the_truth(truth: dict[str, list[Row]], course: str, views: list[Any]) -> None:
    visited = {(view[1], view[2]) for view in views}
    at_least_one = sum(row["value"] for row in truth["page_engagement"] if row["course_key"] == course)
    assert len(visited) == at_least_one


def test_page_views_over_time(charts: DashboardCharts, course: str, views: list[tuple[Any, ...]]) -> None:
    learners: dict[str, set[str]] = defaultdict(set)
    times: dict[str, int] = defaultdict(int)
    for _, _, actor, on, count in views:
        learners[on].add(actor)
        times[on] += count

    bars, line = charts.results("When do learners view pages?", in_courses([course]))

    assert {day(row["day"]): row["page_views"] for row in bars if row["page_views"]} == times
    assert {day(row["day"]): row["learners"] for row in line if row["learners"]} == {
        on: len(actors) for on, actors in learners.items()
    }


def test_page_views_add_up(charts: DashboardCharts, course: str, views: list[tuple[Any, ...]]) -> None:
    learners, times = charts.results("How have learners and page views added up?", in_courses([course]))

    assert learners[-1]["new_learners"] == len({view[2] for view in views})
    assert times[-1]["page_views"] == sum(view[4] for view in views)


def test_problem_results(charts: DashboardCharts, truth: dict[str, list[Row]], course: str) -> None:
    attempts: dict[str, list[int]] = defaultdict(list)
    correct: dict[str, int] = defaultdict(int)
    for row in truth["problem_results"]:
        if row["course_key"] == course:
            attempts[row["block_id"]] += [row["attempts"]] * row["value"]
            correct[row["block_id"]] += row["value"] * row["correct"]

    rows = charts.rows("How did learners do in each problem?", in_courses([course]))

    found = {}
    for row in rows:
        block = re.search(r'/jump_to/([^"]+)"', row["problem_link"])
        assert block
        found[block[1]] = (
            row["learners"],
            row["correct_learners"],
            row["incorrect_learners"],
            pytest.approx(row["average_attempts"]),
            row["median_attempts"],
            pytest.approx(row["correct_share"]),
        )
    assert found == {
        block: (
            len(each),
            correct[block],
            len(each) - correct[block],
            fmean(each),
            median(each),
            correct[block] / len(each),
        )
        for block, each in attempts.items()
    }


def test_problem_outcomes(
    charts: DashboardCharts, truth: dict[str, list[Row]], course: str, names: dict[str, str]
) -> None:
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in truth["problem_results"]:
        if row["course_key"] == course:
            expected[names[row["block_id"]]][1 - row["correct"]] += row["value"]

    rows = charts.rows("Which problems are hard?", in_courses([course]))

    assert {row["problem"]: [row["correct"], row["incorrect"]] for row in rows} == expected


def test_video_views(charts: DashboardCharts, truth: dict[str, list[Row]], course: str, names: dict[str, str]) -> None:
    viewers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in truth["video_views"]:
        if row["course_key"] == course:
            viewers[row["block_id"]][row["fully_viewed"]] += row["value"]
    intervals = {row["block_id"]: row["value"] for row in truth["video_intervals"] if row["course_key"] == course}

    table = charts.rows("How were the videos watched?", in_courses([course]))

    found = {}
    for row in table:
        block = re.search(r'/jump_to/([^"]+)"', row["video_link"])
        assert block
        found[block[1]] = (row["viewers"], row["views"], row["repeat_views"])
    assert found == {
        block: (sum(each), intervals[block], intervals[block] - sum(each)) for block, each in viewers.items()
    }
    by_name: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for block, (partial, full) in viewers.items():
        by_name[names[block]][0] += full
        by_name[names[block]][1] += partial
    rows = charts.rows("How much of each video is watched?", in_courses([course]))
    assert {row["video"]: [row["full_views"], row["partial_views"]] for row in rows} == by_name


def test_video_seconds(charts: DashboardCharts, truth: dict[str, list[Row]], course: str) -> None:
    views: dict[int, int] = defaultdict(int)
    viewers: dict[int, int] = defaultdict(int)
    for measure, into in (("video_segment_views", views), ("video_segment_viewers", viewers)):
        for row in truth[measure]:
            if row["course_key"] == course:
                into[int(row["second"])] += row["value"]

    rows = charts.rows("Which parts of a video are watched, and watched again?", in_courses([course]))

    assert {row["second"]: (row["unique"], row["repeat"]) for row in rows} == {
        second: (viewers[second], views[second] - viewers[second]) for second in views if views[second]
    }


def test_progress(charts: DashboardCharts, stack: Stack, truth: dict[str, list[Row]], course: str) -> None:
    enrolled = sum(row["value"] for row in truth["currently_enrolled"] if row["course_key"] == course)
    passed = sum(
        row["value"]
        for row in truth["learner_summary"]
        if row["course_key"] == course and row["enrollment_status"] == "registered" and row["state"] == "passed"
    )
    active, attempted = asked(
        stack,
        """with enrolled as (
            select actor_id from reporting.enrollments
            where course_key = {course:String} and enrollment_status = 'registered'
        )
        select
            uniqExactIf(actor_id, kind not in ('enrollment', 'grade')),
            uniqExactIf(actor_id, kind = 'problem_evaluated' and block_id in (
                select location from event_sink.course_blocks
                where course_key = {course:String} and JSONExtractBool(xblock_data_json, 'graded')
            ))
        from reporting.events where course_key = {course:String} and actor_id in enrolled""",
        course,
    )[0]

    funnel = charts.rows("How far do learners come?", in_courses([course]))
    weeks = charts.rows("How far did those who enrolled in a week come?", in_courses([course]))

    steps = {row["step"]: row["learners"] for row in funnel}
    assert steps == {
        "1 Enrolled": enrolled,
        "2 Active": active,
        "3 Attempted a graded problem": attempted,
        "4 Passed": passed,
    }
    assert funnel[0]["step"] == "1 Enrolled", "the shares are of the first row"
    assert {step: sum(row.get(step) or 0 for row in weeks) for step in steps} == steps


def test_stopping_places(charts: DashboardCharts, truth: dict[str, list[Row]], course: str) -> None:
    week_ago = (datetime.now(UTC) - timedelta(days=7)).date().isoformat()
    at_risk = [row for row in truth["at_risk_learners"] if row["course_key"] == course]

    rows = charts.rows("Where do learners stop?", in_courses([course]))

    certain = sum(row["value"] for row in at_risk if row["day"] < week_ago)
    possible = sum(row["value"] for row in at_risk if row["day"] <= week_ago)
    assert certain <= sum(row["learners"] for row in rows) <= possible
    assert certain > 0


def test_course_information(charts: DashboardCharts, truth: dict[str, list[Row]], course: str) -> None:
    expected = {row["figure"]: row["value"] for row in truth["course_comparison"] if row["course_key"] == course}
    tags = sorted(row["tag"] for row in truth["course_tags"] if row["course_key"] == course)

    (row,) = charts.rows("How are the chosen courses doing?", in_courses([course]))

    assert (row["enrollees"], row["passed"]) == (expected["enrollees"], expected["passed"])
    assert row["average_grade"] == pytest.approx(expected["average_grade"] / 100)
    assert row["median_grade"] == pytest.approx(expected["median_grade"] / 100)
    assert row["tags"].split(", ") == tags
