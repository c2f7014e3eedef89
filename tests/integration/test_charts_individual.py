"""The numbers of the Individual Learner dashboard: what plain Python makes of raw statements, and the truth."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from aspects.assets.superset_client import Filter
from aspects.warehouse.client import connect
from tests.conftest import Stack
from tests.integration.chart_data import DashboardCharts, Row, in_courses, moment, signed_in, whole_file_passed
from tests.integration.expected import _enrollments, _grades
from tests.integration.expected_learning import Table, last_visits, learning_tables
from tests.integration.learning import Place

SLUG = "individual-learner"
ASKED = {
    "pages": "How far has the learner read each subsection?",
    "problems": "How far has the learner worked through each subsection?",
    "videos": "How many videos of each subsection has the learner seen?",
}


@dataclass(frozen=True)
class Course:
    """A generated course as raw statements and the LMS's records have it."""

    key: str
    history: list[dict[str, Any]]
    tables: dict[str, Table]
    names: dict[str, str]
    """Of each block, after its place in the course."""

    @property
    def learners(self) -> list[str]:
        """Two who did much and one who did nothing but enroll, or little."""
        done = Counter(row[1] for row in self.tables["problem_results"])
        everybody = sorted({row[1] for row in _enrollments(self.history)}, key=lambda actor: (done[actor], actor))
        return [everybody[0], everybody[-2], everybody[-1]]


@pytest.fixture(scope="module")
def charts(stack: Stack, request: pytest.FixtureRequest) -> Iterator[DashboardCharts]:
    with signed_in(stack) as client:
        found = DashboardCharts.of(client, SLUG)
        yield found
        if whole_file_passed(request):
            assert set(found.charts) == found.asked, "every chart is compared with something"


@pytest.fixture(scope="module")
def truth(stack: Stack) -> dict[str, list[Row]]:
    measures: dict[str, list[Row]] = json.loads(stack.truth.read_text())["measures"]
    return measures


@pytest.fixture(scope="module")
def course(stack: Stack, truth: dict[str, list[Row]]) -> Course:
    key = str(max(truth["currently_enrolled"], key=lambda row: row["value"])["course_key"])
    client = connect(stack.settings)
    try:
        run = key.removeprefix("course-v1:")
        said = client.query(
            f"select event from xapi.xapi_events_all where position(decodeURLComponent(event), '{run}') > 0"
        ).result_rows
        blocks = client.query(
            "select location, display_name, xblock_data_json from event_sink.course_blocks final"
            f" where course_key = '{key}' order by order"
        ).result_rows
        names = dict(client.query("select block_id, block_with_location from reporting.blocks").result_rows)
    finally:
        client.close()
    once = {each["id"]: each for each in (json.loads(text) for (text,) in said)}
    history = sorted(once.values(), key=lambda each: (datetime.fromisoformat(each["timestamp"]), each["id"]))
    structure = [place(*block) for block in blocks]
    return Course(key, history, learning_tables(history, {key: structure}), names)


def place(location: str, name: str, facts: str) -> Place:
    said = json.loads(facts)
    kind = location.split("+type@")[1].split("+")[0]
    return Place(location, kind, name, bool(said.get("graded")), said["section"], said["subsection"], said["unit"])


def test_where_a_learner_stands(charts: DashboardCharts, course: Course) -> None:
    enrollments = {row[1]: row for row in _enrollments(course.history)}
    grades = {row[1]: row for row in _grades(course.history)}
    visits = last_visits(course.history)
    for actor in course.learners:
        (row,) = charts.rows("Where does the learner stand?", *only(course, actor))
        _, _, status, mode, since = enrollments[actor]
        percent, state = grades[actor][2:4] if actor in grades else (None, "")
        assert row["standing"] == {"registered": "Enrolled", "unregistered": "Left"}[status]
        assert row["enrollment_mode"] == mode
        assert row["result"] == {"passed": "Passed", "failed": "Did not pass"}.get(state, "Not yet passed")
        assert row["grade"] == (None if percent is None else pytest.approx(percent / 100))
        assert abs((moment(row["enrolled_at"]) - since.astimezone(UTC)).total_seconds()) < 1
        seen = visits.get((course.key, actor), since)
        assert abs((moment(row["last_visited_at"]) - seen.astimezone(UTC)).total_seconds()) < 1
        assert not {"username", "name", "email"} & set(row), "names are off"


def only(course: Course, actor: str) -> tuple[Filter, Filter]:
    return in_courses([course.key]), Filter("actor_id", "IN", [actor])


@pytest.mark.parametrize("kind", ["pages", "problems"])
def test_engagement_beside_the_course(kind: str, charts: DashboardCharts, course: Course) -> None:
    table = course.tables[{"pages": "page_engagement", "problems": "problem_engagement"}[kind]]
    done: dict[str, Counter[str]] = defaultdict(Counter)
    there: dict[str, int] = {}
    section_of: dict[str, str] = {}
    for row in table:
        actor, section, subsection = row[1:4]
        done[actor][subsection] += row[-2]
        there[subsection] = row[-1]
        section_of[subsection] = section
    everybody = list(done)

    for actor in course.learners:
        mine = only(course, actor)
        rows = {row["subsection"]: row for row in charts.rows(ASKED[kind], *mine)}
        listed = {row["subsection"]: row for row in charts.rows(f"{kind.capitalize()} of each subsection", *mine)}
        assert set(there) <= set(rows)
        for subsection, total in there.items():
            of_course = sum(done[each][subsection] for each in everybody) / total / len(everybody)
            assert rows[subsection]["learner_share"] == pytest.approx(done[actor][subsection] / total)
            assert rows[subsection]["course_share"] == pytest.approx(of_course)
            assert listed[subsection]["done_count"] == done[actor][subsection]
            assert listed[subsection]["there"] == total
        sections = {row["section"]: row for row in charts.rows(f"{kind.capitalize()} of each section", *mine)}
        for section, row in sections.items():
            inside = [name for name, where in section_of.items() if where == section]
            assert row["done_count"] == sum(done[actor][name] for name in inside)


def test_problems_beside_the_course(charts: DashboardCharts, course: Course) -> None:
    results: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
    for _, actor, block, _, attempts, correct, _ in course.tables["problem_results"]:
        results[course.names[block]][actor] = (attempts, correct)
    for actor in course.learners:
        attempts_of = {
            row["problem"]: row
            for row in charts.rows("How many attempts does each problem take?", *only(course, actor))
        }
        right = {
            row["problem"]: row
            for row in charts.rows("Which problems does the learner get right?", *only(course, actor))
        }
        assert set(attempts_of) == set(right) == set(results)
        for name, answers in results.items():
            row = attempts_of[name]
            correct = [attempts if good else 0 for attempts, good in answers.values()]
            incorrect = [0 if good else attempts for attempts, good in answers.values()]
            assert row["course_correct_attempts"] == pytest.approx(sum(correct) / len(answers))
            assert row["course_incorrect_attempts"] == pytest.approx(sum(incorrect) / len(answers))
            assert right[name]["course_correct"] == pytest.approx(
                sum(good for _, good in answers.values()) / len(answers)
            )
            tries, good = answers.get(actor, (None, None))
            found = (row["correct_attempts"], row["incorrect_attempts"], right[name]["learner_correct"])
            assert found == ((None, None, None) if tries is None else (tries * good, tries * (not good), good)), name
            assert right[name]["learner_incorrect"] == (None if tries is None else 1 - good)


def test_videos_of_everybody_are_the_truth(
    charts: DashboardCharts, course: Course, truth: dict[str, list[Row]]
) -> None:
    mine = in_courses([course.key])
    everybody = len(_enrollments(course.history))
    watched: Counter[str] = Counter()
    there: dict[str, int] = {}
    for row in truth["video_engagement"]:
        if row["course_key"] == course.key:
            name = course.names[row["subsection_id"]]
            watched[name] += row["videos_viewed"] * row["value"]
            there[name] = row["videos_total"]
    shares = {row["subsection"]: row["learner_share"] for row in charts.rows(ASKED["videos"], mine)}
    listed = {row["subsection"]: row for row in charts.rows("Videos of each subsection", mine)}
    for name, total in there.items():
        assert shares[name] == pytest.approx(watched[name] / total / everybody)
        assert listed[name]["there"] == total
        assert listed[name]["done_count"] * everybody == pytest.approx(watched[name])
    sections = charts.rows("Videos of each section", mine)
    assert sum(row["there"] for row in sections) == sum(row["there"] for row in listed.values())
    assert sum(row["done_count"] for row in sections) * everybody == pytest.approx(sum(watched.values()))

    views = {
        (course.names[row["block_id"]], row["fully_viewed"]): row["value"]
        for row in truth["video_views"]
        if row["course_key"] == course.key
    }
    for title in ("How much of each video has the learner watched?", "Which videos has the learner watched in full?"):
        rows = charts.rows(title, mine)
        found = {
            (row["video"], full): row[key] for row in rows for full, key in ((1, "full"), (0, "partial")) if row[key]
        }
        assert found == views

    video = max(views)[0]
    seconds = charts.rows(
        "Which parts of a video does the learner watch, and watch again?", mine, Filter("video", "IN", [video])
    )
    found = {row["position"]: (row["watched_once"], row["watched_again"]) for row in seconds}
    viewers, plays = (of_video(truth[f"video_segment_{name}"], course, video) for name in ("viewers", "views"))
    assert found == {at: (count, plays[at] - count) for at, count in viewers.items()}


def of_video(rows: list[Row], course: Course, video: str) -> dict[str, int]:
    found = {
        int(row["second"]): row["value"]
        for row in rows
        if row["course_key"] == course.key and course.names[row["block_id"]] == video
    }
    return {f"{at // 3600:02}:{at % 3600 // 60:02}:{at % 60:02}": count for at, count in found.items()}


def test_videos_of_one_learner(stack: Stack, charts: DashboardCharts, course: Course) -> None:
    client = connect(stack.settings)
    try:
        for actor in course.learners:
            said = client.query(
                "select block_id, watched_seconds / length, fully_viewed from reporting.video_views"
                f" where course_key = '{course.key}' and actor_id = '{actor}'"
            ).result_rows
            expected = {course.names[block]: (pytest.approx(share), full) for block, share, full in said}
            rows = charts.rows("How much of each video has the learner watched?", *only(course, actor))
            found = {row["video"]: (row["watched"], bool(row["full"])) for row in rows if row["full"] + row["partial"]}
            assert found == expected
            assert all(row["watched"] == 0 for row in rows if row["video"] not in expected)
    finally:
        client.close()
