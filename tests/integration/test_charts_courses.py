"""The numbers of Course Comparison and of the In-Context dashboards equal the ground truth."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from statistics import fmean, median

import pytest

from aspects.assets.superset_client import Filter
from aspects.warehouse.client import connect
from tests.conftest import Stack
from tests.integration.chart_data import DashboardCharts, Row, in_courses, signed_in, whole_file_passed

SLUGS = (
    "course-comparison",
    "in-context-course",
    "in-context-graded-subsection",
    "in-context-problem",
    "in-context-video",
)
Truth = dict[str, list[Row]]


@pytest.fixture(scope="module")
def dashboards(stack: Stack, request: pytest.FixtureRequest) -> Iterator[dict[str, DashboardCharts]]:
    with signed_in(stack) as client:
        found = {slug: DashboardCharts.of(client, slug) for slug in SLUGS}
        yield found
        if whole_file_passed(request):
            for slug, charts in found.items():
                assert set(charts.charts) == charts.asked, f"every chart of {slug} is compared with something"


@pytest.fixture(scope="module")
def truth(stack: Stack) -> Truth:
    measures: Truth = json.loads(stack.truth.read_text())["measures"]
    return measures


@pytest.fixture(scope="module")
def keys(truth: Truth) -> list[str]:
    return sorted(row["course_key"] for row in truth["currently_enrolled"])


@pytest.fixture(scope="module")
def names(stack: Stack) -> dict[str, str]:
    """The name of each course and block, blocks after their place in the course."""
    client = connect(stack.settings)
    try:
        courses = client.query(
            "select course_key, argMax(display_name, time_last_dumped) from event_sink.course_overviews group by 1"
        ).result_rows
        blocks = client.query("select block_id, block_with_location from reporting.blocks").result_rows
        return {str(key): str(name) for key, name in [*courses, *blocks]}
    finally:
        client.close()


@pytest.fixture(scope="module")
def graded(stack: Stack) -> set[str]:
    """The subsections that count for the grade."""
    client = connect(stack.settings)
    try:
        asked = "select block_id from reporting.blocks where graded and block_type = 'sequential'"
        return {str(block) for (block,) in client.query(asked).result_rows}
    finally:
        client.close()


def organization(key: str) -> str:
    return key.split(":")[1].split("+")[0]


def run(key: str) -> str:
    return key.split("+")[2]


def of(truth: Truth, measure: str, **wanted: object) -> list[Row]:
    return [row for row in truth[measure] if all(row[name] == value for name, value in wanted.items())]


def total(truth: Truth, measure: str, **wanted: object) -> int:
    return sum(row["value"] for row in of(truth, measure, **wanted))


def expected_learners(stack: Stack, truth: Truth, key: str) -> Row:
    week = datetime.now(UTC).date() - timedelta(days=6)
    client = connect(stack.settings)
    try:
        active = client.query(
            "select uniqExact(JSONExtractString(event, 'actor', 'account', 'name')) from xapi.xapi_events_all"
            f" where toDate(emission_time, 'UTC') >= '{week}' and position(decodeURLComponent(event), "
            f"'{key.removeprefix('course-v1:')}') > 0"
            " and not match(JSONExtractString(event, 'verb', 'id'), '/((un)?registered|earned)$')"
        ).first_row
    finally:
        client.close()
    seven_days_ago = (datetime.now(UTC) - timedelta(days=8)).date().isoformat()
    return {
        "enrolled": total(truth, "currently_enrolled", course_key=key),
        "passing": total(truth, "passing_learners", course_key=key),
        "active": active[0] if active else 0,
        # Of those who were last here exactly a week ago the hour decides: the truth knows days.
        "at_risk_learners": sum(
            row["value"] for row in of(truth, "at_risk_learners", course_key=key) if row["day"] <= seven_days_ago
        ),
        "edge": total(
            truth, "at_risk_learners", course_key=key, day=(datetime.now(UTC) - timedelta(days=7)).date().isoformat()
        ),
    }


@pytest.mark.parametrize("level", ["course", "run"])
def test_courses_beside_each_other(
    level: str,
    stack: Stack,
    dashboards: dict[str, DashboardCharts],
    truth: Truth,
    keys: list[str],
    names: dict[str, str],
) -> None:
    charts, plural = dashboards["course-comparison"], {"course": "courses", "run": "runs"}[level]
    mine = in_courses(keys)
    labels = {
        key: f"{names[key]} ({organization(key)})"
        if level == "course"
        else f"{names[key]}, {run(key)} ({organization(key)})"
        for key in keys
    }
    expected = {key: expected_learners(stack, truth, key) for key in keys}

    doing = by(charts.rows(f"How are the learners of each {level} doing?", mine), level)
    for key in keys:
        row, wanted = doing[labels[key]], expected[key]
        assert (row["enrolled"], row["passing"], row["active"]) == (
            wanted["enrolled"],
            wanted["passing"],
            wanted["active"],
        )
        assert 0 <= row["at_risk_learners"] - wanted["at_risk_learners"] <= wanted["edge"]

    tags = {key: ", ".join(sorted(row["tag"] for row in of(truth, "course_tags", course_key=key))) for key in keys}
    compared = by(charts.rows(f"Which {plural} are compared?", mine), level)
    for key in keys:
        row = compared[labels[key]]
        found = (row["tags"], row["enrolled"], row["active"])
        assert found == (tags[key], expected[key]["enrolled"], expected[key]["active"])
    enrolled = charts.rows(f"Which {plural} have the most learners?", mine)
    assert {row[level]: row["enrolled"] for row in enrolled} == {
        labels[key]: expected[key]["enrolled"] for key in keys if expected[key]["enrolled"]
    }

    performance = by(charts.rows(f"In which {plural} do learners do best?", mine), level)
    for key in keys:
        row = performance[labels[key]]
        figures = {each["figure"]: each["value"] for each in of(truth, "course_comparison", course_key=key)}
        answered = total(truth, "problem_results", course_key=key)
        assert row["average_grade"] * 100 == pytest.approx(figures["average_grade"])
        assert row["median_grade"] * 100 == pytest.approx(figures["median_grade"])
        assert row["passing"] == expected[key]["passing"]
        assert row["first_try"] == pytest.approx(
            total(truth, "problem_results", course_key=key, correct_first=1) / answered
        )

    lengths = video_lengths(stack)
    watched = by(charts.rows(f"In which {plural} are videos watched most?", mine), level)
    for key in keys:
        row = watched[labels[key]]
        seen = {
            each["block_id"]: each["value"] / 1000 for each in of(truth, "video_watched_milliseconds", course_key=key)
        }
        played = total(truth, "video_total_milliseconds", course_key=key) / 1000
        viewers: Counter[str] = Counter()
        for each in of(truth, "video_views", course_key=key):
            viewers[each["block_id"]] += each["value"]
        begun = sum(lengths[block] * count for block, count in viewers.items())
        assert row["video_count"] == total(truth, "blocks", course_key=key, block_type="video")
        assert row["watched_videos"] == len(seen)
        assert row["average_length"] == pytest.approx(fmean(lengths[block] for block in seen) / 60)
        assert row["watched_share"] == pytest.approx(sum(seen.values()) / begun, rel=1e-4)
        assert row["watched_again_share"] == pytest.approx((played - sum(seen.values())) / begun, rel=1e-3, abs=1e-6)


def by(rows: list[Row], column: str) -> dict[str, Row]:
    return {row[column]: row for row in rows}


def video_lengths(stack: Stack) -> dict[str, float]:
    """The length of each video in seconds, as raw statements have it."""
    client = connect(stack.settings)
    try:
        rows = client.query(
            "select extract(event, '(block-v1:[^\"/]+type@video[^\"/]+)') as block,"
            " max(JSONExtractFloat(event, 'context', 'extensions', 'https://w3id.org/xapi/video/extensions/length'))"
            " as length from xapi.xapi_events_all where block != '' group by block having length > 0"
        ).result_rows
        return {str(block): float(length) for block, length in rows}
    finally:
        client.close()


def test_a_tag_chooses_its_courses(dashboards: dict[str, DashboardCharts], truth: Truth, keys: list[str]) -> None:
    tag = truth["course_tags"][0]["tag"]
    tagged = {row["course_key"] for row in truth["course_tags"] if row["tag"] == tag}

    found = dashboards["course-comparison"].rows(
        "Which runs are compared?", in_courses(keys), Filter("tag", "IN", [tag])
    )

    assert {row["course_key"] for row in found} == tagged


def test_in_context_course(
    dashboards: dict[str, DashboardCharts], truth: Truth, keys: list[str], names: dict[str, str], graded: set[str]
) -> None:
    charts = dashboards["in-context-course"]
    for key in keys:
        mine = in_courses([key])
        attempted: dict[str, Counter[str]] = defaultdict(Counter)
        for row in of(truth, "problem_engagement", course_key=key, graded=1):
            if row["problems_attempted"]:
                how = "all" if row["problems_attempted"] == row["problems_total"] else "some"
                attempted[names[row["subsection_id"]]][how] += row["value"]
        found = by(charts.rows("Who attempts the graded subsections?", mine), "subsection")
        assert {
            name: {"all": row["attempted_all_learners"], "some": row["attempted_some_learners"]}
            for name, row in found.items()
            if row["attempted_all_learners"] or row["attempted_some_learners"]
        } == {name: {"all": how["all"], "some": how["some"]} for name, how in attempted.items()}

        scores: dict[str, list[int]] = defaultdict(list)
        for row in of(truth, "subsection_grades", course_key=key):
            if row["subsection_id"] in graded:
                scores[names[row["subsection_id"]]] += [row["score_percent"]] * row["value"]
        found = by(charts.rows("How well do learners do in graded subsections?", mine), "subsection")
        for name, mine_of in scores.items():
            assert found[name]["scored_learners"] == len(mine_of)
            assert found[name]["mean_score"] * 100 == pytest.approx(fmean(mine_of), abs=0.51), (
                "the truth has whole percents"
            )

        problems = charts.rows("Which problems do learners answer, and do they get them right?", mine)
        assert outcomes(problems) == expected_outcomes(of(truth, "problem_results", course_key=key), names)

        views: Counter[str] = Counter()
        viewers: Counter[str] = Counter()
        for row in of(truth, "video_intervals", course_key=key):
            views[names[row["block_id"]]] += row["value"]
        for row in of(truth, "video_views", course_key=key):
            viewers[names[row["block_id"]]] += row["value"]
        found = by(charts.rows("Which videos do learners watch?", mine), "video")
        assert {name: row["unique_viewers"] for name, row in found.items()} == viewers
        assert {name: row["unique_viewers"] + row["repeats"] for name, row in found.items()} == views


def outcomes(rows: list[Row]) -> dict[str, tuple[int, int]]:
    return {row["problem"]: (row["correct_learners"], row["incorrect_learners"]) for row in rows}


def expected_outcomes(rows: list[Row], names: dict[str, str]) -> dict[str, tuple[int, int]]:
    found: dict[str, Counter[int]] = defaultdict(Counter)
    for row in rows:
        found[names[row["block_id"]]][row["correct"]] += row["value"]
    return {name: (counts[1], counts[0]) for name, counts in found.items()}


def test_in_context_graded_subsection(
    dashboards: dict[str, DashboardCharts], truth: Truth, names: dict[str, str], stack: Stack
) -> None:
    charts = dashboards["in-context-graded-subsection"]
    client = connect(stack.settings)
    inside = dict(client.query("select block_id, subsection_id from reporting.blocks").result_rows)
    client.close()
    subsections = {(row["course_key"], row["subsection_id"]) for row in truth["subsection_grades"]}
    for key, block in sorted(subsections)[:6]:
        mine = (in_courses([key]), Filter("block_id", "IN", [block]))
        scores: list[int] = []
        for row in of(truth, "subsection_grades", course_key=key, subsection_id=block):
            scores += [row["score_percent"]] * row["value"]

        assert charts.rows("Learners scored", *mine) == [{"scores": len(scores)}]
        assert charts.rows("Average score", *mine)[0]["average_score"] * 100 == pytest.approx(fmean(scores), abs=0.51)
        assert charts.rows("Median score", *mine)[0]["median_score"] * 100 == pytest.approx(median(scores), abs=0.51)
        distribution = charts.rows("How are the scores distributed?", *mine)
        assert [row["score_bucket"] for row in distribution] == [f"{low}-{low + 9}" for low in range(0, 90, 10)] + [
            "90-100"
        ]
        assert sum(row["scores"] for row in distribution) == len(scores)
        assert distribution[-1]["scores"] == sum(score >= 90 for score in scores) or 89 in scores or 90 in scores

        found = charts.rows("How do learners answer its problems in the end?", *mine)
        results = [row for row in of(truth, "problem_results", course_key=key) if inside[row["block_id"]] == block]
        assert outcomes(found) == expected_outcomes(results, names)


def test_in_context_problem(dashboards: dict[str, DashboardCharts], truth: Truth) -> None:
    charts = dashboards["in-context-problem"]
    problems = sorted({(row["course_key"], row["block_id"]) for row in truth["problem_first_responses"]})
    for key, block in problems[::4]:
        mine = (in_courses([key]), Filter("block_id", "IN", [block]))
        first = of(truth, "problem_first_responses", course_key=key, block_id=block)
        last = of(truth, "problem_last_responses", course_key=key, block_id=block)

        answers = charts.rows("What do learners answer first?", *mine)
        assert Counter(
            {(row["problem_part"], row["response"], row["is_correct"]): row["answering"] for row in answers}
        ) == Counter({(part(row["question"]), row["response"], bool(row["success"])): row["value"] for row in first})

        results = by(charts.rows("How many learners get it right?", *mine), "problem_part")
        for question in {row["question"] for row in first}:
            row = results[part(question)]
            learners = sum(each["value"] for each in first if each["question"] == question)
            assert row["answering"] == learners
            assert row["first_share"] == pytest.approx(right(first, question) / learners)
            assert row["last_share"] == pytest.approx(right(last, question) / learners)


def part(question: str) -> str:
    return f"Question {int(question.split('_')[0]) - 1}" if question else "The whole problem"


def right(rows: list[Row], question: str) -> int:
    return sum(row["value"] for row in rows if row["question"] == question and row["success"])


def test_in_context_video(dashboards: dict[str, DashboardCharts], truth: Truth, stack: Stack) -> None:
    charts = dashboards["in-context-video"]
    lengths = video_lengths(stack)
    videos = sorted({(row["course_key"], row["block_id"]) for row in truth["video_segment_views"]})
    for key, block in videos[::6]:
        found = charts.rows(
            "Which parts of the video do learners watch, and watch again?",
            in_courses([key]),
            Filter("block_id", "IN", [block]),
        )
        views = {
            int(row["second"]): row["value"] for row in of(truth, "video_segment_views", course_key=key, block_id=block)
        }
        viewers = {
            int(row["second"]): row["value"]
            for row in of(truth, "video_segment_viewers", course_key=key, block_id=block)
        }
        shown = {seconds(row["position"]): row for row in found}
        assert len(shown) >= int(lengths[block])
        assert {at: row["unique_viewers"] for at, row in shown.items() if row["unique_viewers"]} == viewers
        assert {
            at: row["unique_viewers"] + row["repeats"] for at, row in shown.items() if row["unique_viewers"]
        } == views


def seconds(position: str) -> int:
    hours, minutes, rest = map(int, position.split(":"))
    return 3600 * hours + 60 * minutes + rest
