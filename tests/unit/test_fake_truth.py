"""The ground truth against a plain count over the statements, and the LMS's rows against the statements."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from aspects.errors import AspectsError
from aspects.fake import lms
from aspects.fake.course import Course, Scenario, blocks_in_order
from aspects.fake.generate import Chunk, chunks
from aspects.fake.measures import MEASURES, read, save
from aspects.fake.people import World
from aspects.fake.queries import QUERIES
from aspects.fake.standing import bucket
from aspects.fake.tally import union
from aspects.fake.truth import Truth
from aspects.fake.verify import at_risk_now, compare, views_of
from aspects.xapi.vocabulary import Activity, Extension, Verb
from tests.unit.recount import Structure, count_learning, count_structure, course_of

SCENARIO = Scenario(seed=7, end=date(2026, 3, 2), lms_url="http://lms.example")
COUNT = 12_000

Keyed = dict[tuple[Any, ...], Any]


@pytest.fixture(scope="module")
def generated() -> list[Chunk]:
    return list(chunks(SCENARIO, COUNT))


@pytest.fixture(scope="module")
def truth(generated: list[Chunk]) -> Truth:
    total = Truth()
    for chunk in generated:
        total.add(chunk.truth)
    for course in courses(generated):
        total.add_course(course)
    return total


def courses(generated: list[Chunk]) -> list[Course]:
    world = World(SCENARIO)
    return [world.course(index) for index in sorted({one.course for chunk in generated for one in chunk.enrollments})]


@pytest.fixture(scope="module")
def counted(generated: list[Chunk]) -> dict[str, Keyed]:
    statements = [json.loads(text) for chunk in generated for text in chunk.texts]
    found = courses(generated)
    return count(statements) | count_learning(statements, Structure(found)) | count_structure(found)


def kind_of(statement: dict[str, Any]) -> str:
    verb, target = statement["verb"]["id"], statement["object"]["id"]
    simple = {
        Verb.REGISTERED: "enrollment", Verb.UNREGISTERED: "enrollment", Verb.PASSED: "course_result",
        Verb.FAILED: "course_result", Verb.EARNED: "grade", Verb.EVALUATED: "problem_evaluated",
        Verb.ATTEMPTED: "problem_attempted", Verb.ASKED: "hint", Verb.NAVIGATED: "navigation",
        Verb.PROGRESSED: "completion",
    }  # fmt: skip
    if verb in simple:
        return simple[verb]
    if "/api/discussion/" in target:
        return "forum"
    if "type@video" in target:
        return "video"
    return "problem_completed" if "type@problem" in target else "exam"


def count(statements: list[dict[str, Any]]) -> dict[str, Keyed]:
    """Every measure, counted in the plainest way over the statements in order of time."""
    statements = sorted(statements, key=lambda one: one["timestamp"])
    events: Counter[tuple[str, ...]] = Counter()
    active: set[tuple[str, str, str]] = set()
    enrollment: dict[tuple[str, str], tuple[bool, str]] = {}
    days: dict[str, dict[tuple[str, str], tuple[bool, str]]] = defaultdict(dict)
    grades: dict[tuple[str, str], float] = {}
    states: dict[tuple[str, str], str] = {}
    for one in statements:
        course, actor, day = course_of(one), one["actor"]["account"]["name"], one["timestamp"][:10]
        kind, verb = kind_of(one), one["verb"]["id"]
        events[course, day, kind] += 1
        if kind not in ("enrollment", "grade"):
            active.add((course, day, actor))
        if kind == "enrollment":
            mode = one["object"]["definition"]["extensions"][Extension.TYPE]
            enrollment[course, actor] = days[day][course, actor] = (verb == Verb.REGISTERED, mode)
        if kind == "grade" and one["object"]["definition"]["type"] == Activity.COURSE:
            grades[course, actor] = one["result"]["score"]["scaled"]
            passed = one["result"]["extensions"][Extension.CLASSIFICATION] == "Pass"
            states[course, actor] = "passed" if passed else "failed"
        if kind == "course_result":
            states[course, actor] = "passed" if verb == Verb.PASSED else "failed"
    current = {key: mode for key, (enrolled, mode) in enrollment.items() if enrolled}
    changes: Counter[tuple[str, ...]] = Counter()
    cumulative: Keyed = {}
    standing: dict[tuple[str, str], tuple[bool, str]] = {}
    before: Counter[tuple[str, str]] = Counter()
    for day in sorted(days):
        standing.update(days[day])
        now = Counter((course, mode) for (course, _), (enrolled, mode) in standing.items() if enrolled)
        for course, mode in now.keys() | before.keys():
            if now[course, mode] != before[course, mode]:
                changes[course, mode, day] = now[course, mode] - before[course, mode]
                cumulative[course, mode, day] = now[course, mode]
        before = now
    return {
        "currently_enrolled": Counter((course,) for course, _ in current),
        "currently_enrolled_by_mode": Counter((course, mode) for (course, _), mode in current.items()),
        "enrollment_changes_by_day": changes,
        "cumulative_enrollment_by_day": cumulative,
        "active_learners_by_day": Counter((course, day) for course, day, _ in active),
        "events_by_day": events,
        "grade_buckets": Counter((course, bucket(grade)) for (course, _), grade in grades.items()),
        "passing_learners": Counter((course,) for (course, _), state in states.items() if state == "passed"),
        "active_learners_per_day": Counter((day,) for day, _ in {(day, actor) for _, day, actor in active}),
        "active_courses_per_day": Counter((day,) for day, _ in {(day, course) for course, day, _ in active}),
        "organizations": {(): len({course_of(one).split(":")[1].split("+")[0] for one in statements})},
        "last_event_time": {(): statements[-1]["timestamp"]},
        "statements": {(): len(statements)},
    }


def as_keyed(truth: Truth, measure: str) -> Keyed:
    names = MEASURES[measure]
    return {tuple(str(row[name]) for name in names): row["value"] for row in truth.measures()[measure]}


def as_text(values: Keyed) -> Keyed:
    return {tuple(str(part) for part in key): value for key, value in values.items()}


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - {"refused_statements"}))
def test_the_simulation_and_a_plain_count_agree(truth: Truth, counted: dict[str, Keyed], measure: str) -> None:
    found = {key: value for key, value in as_text(counted[measure]).items() if value != 0}
    assert found
    assert compare(measure, as_keyed(truth, measure), found) == []


def test_the_data_has_something_to_show(truth: Truth) -> None:
    assert len({row["grade_bucket"] for row in truth.measures()["grade_buckets"]}) >= 8
    assert len({row["enrollment_mode"] for row in truth.measures()["currently_enrolled_by_mode"]}) == 3
    assert len(truth.measures()["active_learners_per_day"]) > 70
    assert {row["day"] for row in truth.measures()["active_learners_per_day"]} >= {"2026-03-01", "2026-02-25"}
    assert truth.measures()["organizations"] == [{"value": 2}]
    assert any(row["value"] < 0 for row in truth.measures()["enrollment_changes_by_day"])


@pytest.mark.parametrize(
    ("grade", "expected"),
    [(0.0, "0-9"), (0.09, "0-9"), (0.1, "10-19"), (0.29, "20-29"), (0.57, "50-59"), (0.9, "90-100"), (1.0, "90-100")],
)
def test_a_bucket_holds_its_lower_end(grade: float, expected: str) -> None:
    assert bucket(grade) == expected


def test_a_truth_file_can_be_read_again(truth: Truth, tmp_path: Path) -> None:
    save(truth.measures(), truth.courses, truth.statements, SCENARIO, tmp_path / "below" / "truth.json")
    expected = read(tmp_path / "below" / "truth.json")
    assert expected.courses == sorted(truth.courses)
    assert expected.measures["events_by_day"] == as_keyed(truth, "events_by_day")
    assert expected.measures["statements"] == {(): COUNT}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"courses": []}', b'{"courses": [], "measures": {"statements": [{}]}}']
)
def test_a_file_that_is_no_truth_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "truth.json"
    path.write_bytes(content)
    with pytest.raises(AspectsError, match="is no truth file"):
        read(path)
    with pytest.raises(AspectsError, match="cannot be read"):
        read(tmp_path / "gone.json")


def test_differences_name_what_is_missing_what_is_wrong_and_what_is_too_much() -> None:
    expected = {("c", "audit"): 3, ("c", "honor"): 1}
    found = {("c", "audit"): 4, ("c", "verified"): 2}
    differences = compare("currently_enrolled_by_mode", expected, found)
    assert [(one.key["enrollment_mode"], one.expected, one.found) for one in differences] == [
        ("audit", 3, 4),
        ("honor", 1, 0),
        ("verified", 0, 2),
    ]


def test_every_measure_of_the_truth_can_be_read_from_the_warehouse() -> None:
    assert set(QUERIES) == set(MEASURES)
    assert views_of("page_engagement") == {"page_engagement"}
    assert all(views_of(measure) for measure in MEASURES)


def test_fractions_may_differ_in_their_last_digits() -> None:
    expected = {("c", "average_grade"): 200 / 3}
    assert compare("course_comparison", expected, {("c", "average_grade"): 66.666666667}) == []
    assert len(compare("course_comparison", expected, {("c", "average_grade"): 66.7})) == 1


def test_at_risk_are_those_whose_last_visit_is_seven_days_ago() -> None:
    days = {("c", "2026-03-01"): 1, ("c", "2026-03-02"): 2, ("c", "2026-03-03"): 3}
    expected, found = at_risk_now(days, days, datetime(2026, 3, 9, 12, tzinfo=UTC))
    assert expected == {("c", "2026-03-01"): 1}
    # Who is shown as at risk too early is a difference; the day in between is not told apart.
    assert found == {("c", "2026-03-01"): 1, ("c", "2026-03-03"): 3}


def test_intervals_that_touch_or_overlap_are_one() -> None:
    assert union([(5, 8), (0, 2), (2, 3), (6, 7), (7, 9)]) == [(0, 3), (5, 9)]


def test_enrollment_rows_stand_as_the_statements_say(generated: list[Chunk], counted: dict[str, Keyed]) -> None:
    world = World(SCENARIO)
    columns = lms.COLUMNS["course_enrollment"]
    rows = [
        dict(zip(columns, row, strict=True))
        for chunk in generated
        for row in lms.people_rows(world, chunk.enrollments, personal=False)["course_enrollment"]
    ]
    active = Counter((row["course_key"], row["mode"]) for row in rows if row["is_active"] == "True")
    assert active == counted["currently_enrolled_by_mode"]
    assert len({row["id"] for row in rows}) == len(rows)


def test_people_are_written_only_when_that_is_wanted(generated: list[Chunk]) -> None:
    world = World(SCENARIO)
    enrollments = generated[0].enrollments
    assert not lms.PERSONAL & lms.people_rows(world, enrollments, personal=False).keys()
    rows = lms.people_rows(world, enrollments, personal=True)
    learners = {one.learner for one in enrollments}
    for table in lms.PERSONAL:
        assert len(rows[table]) == len(learners)
        assert all(len(row) == len(lms.COLUMNS[table]) for row in rows[table])
    actors = {json.loads(text)["actor"]["account"]["name"] for text in generated[0].texts}
    assert {row[0] for row in rows["external_id"]} == actors
    assert len({row[2] for row in rows["user_profile"]}) > 0.8 * len(learners)


def test_courses_are_written_with_their_blocks_in_order() -> None:
    course = World(SCENARIO).course(0)
    rows = lms.course_rows(SCENARIO, course)
    assert [row[2] for row in rows["course_blocks"]] == [block.block_id for block in blocks_in_order(course)]
    assert [row[5] for row in rows["course_blocks"]] == list(range(1, len(rows["course_blocks"]) + 1))
    for row in rows["course_blocks"]:
        facts = json.loads(str(row[4]))
        assert f"+type@{facts['block_type']}+block@" in str(row[2])
        assert set(facts) == {
            "course", "run", "block_type", "detached", "graded", "completion_mode", "section", "subsection", "unit",
            "tags",
        }  # fmt: skip
    kinds = Counter(json.loads(str(row[4]))["block_type"] for row in rows["course_blocks"])
    assert {"course", "chapter", "sequential", "vertical", "problem", "video"} <= set(kinds)
    graded = Counter(json.loads(str(row[4]))["graded"] for row in rows["course_blocks"])
    assert graded.keys() == {0, 1}


def test_csv_has_a_sign_for_nothing_and_quotes_what_needs_it() -> None:
    assert lms.as_csv([(1, None, 'a "b", c'), (2, "", "x")]) == b'1,\\N,"a ""b"", c"\n2,,x\n'
