"""The At-Risk Learners dashboard's numbers: equal to what the generated learners who may drop out did.

The generator's learners are simulated once more, and those at risk are told by the definition. What they did is counted
by the generator's own tally, which reads neither statements nor the warehouse.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from statistics import fmean
from typing import Any

import pytest

from aspects.fake import action as happened
from aspects.fake.action import Action
from aspects.fake.course import DAY, Block, Course, Scenario, Subsection, Video, day_of
from aspects.fake.generate import Simulation
from aspects.fake.standing import OF_STANDING, Standing, bucket
from aspects.fake.tally import NOTED, Tally
from aspects.fake.truth import Truth, statements_of
from aspects.warehouse.client import connect
from tests.conftest import Stack
from tests.integration.chart_data import DashboardCharts, Row, day, in_courses, signed_in, whole_file_passed

SLUG = "learner-groups"
WEEK = 7 * DAY
STEPS = {happened.NEXT, happened.PREVIOUS, happened.TAB}
LINKS = {happened.OUTLINE, happened.SEQUENCE_OUTLINE, happened.LINK}


@dataclass
class AtRisk:
    """A learner at risk: where they stand, and what they did in the course."""

    actor: str
    standing: Standing
    tally: Tally
    last_visit: int
    views: Counter[tuple[str, int, int]] = field(default_factory=Counter)
    """Page views by day, section and subsection."""
    last_place: tuple[int, int] | None = None


@pytest.fixture(scope="module")
def charts(stack: Stack, request: pytest.FixtureRequest) -> Iterator[DashboardCharts]:
    with signed_in(stack) as client:
        found = DashboardCharts.of(client, SLUG)
        yield found
        if whole_file_passed(request):
            assert set(found.charts) == found.asked, "every chart is compared with something"


@pytest.fixture(scope="module")
def made(stack: Stack) -> dict[str, Any]:
    """The truth file of the demo course."""
    content: dict[str, Any] = json.loads(stack.truth.read_text())
    return content


@pytest.fixture(scope="module")
def course_key(made: dict[str, Any]) -> str:
    return str(max(made["measures"]["currently_enrolled"], key=lambda row: row["value"])["course_key"])


@pytest.fixture(scope="module")
def at_risk(made: dict[str, Any], course_key: str) -> list[AtRisk]:
    scenario = Scenario(made["seed"], date.fromisoformat(made["end"]), made["lms_url"])
    simulation, left, index, found = Simulation(scenario), made["statements"], 0, []
    now = int(datetime.now(UTC).timestamp()) * (DAY // 86400)
    while left > 0:
        learner = simulation.world.learner(index)
        index += 1
        mine = []
        for action in simulation.actions(learner):
            if left <= 0:
                break
            left -= statements_of(action)
            if action.course.key == course_key:
                mine.append(action)
        if mine:
            one = _stands(learner.actor, mine)
            if one.standing.enrollment[0] and one.standing.state != "passed" and one.last_visit <= now - WEEK:
                found.append(one)
    assert found
    return found


def _stands(actor: str, actions: list[Action]) -> AtRisk:
    standing, tally = Standing(), Tally(actions[0].course)
    one = AtRisk(actor, standing, tally, 0)
    for time, event, _, block, detail, _ in actions:
        if note := NOTED.get(event):
            note(tally, time, block, detail)
        elif event in OF_STANDING:
            standing.note(time, event, detail, time // DAY)
        if event in STEPS or event in LINKS:
            unit = block.units[detail.target - 1] if event in STEPS else block
            one.last_place = (unit.section, unit.subsection)
            one.views[day_of(time).isoformat(), unit.section, unit.subsection] += 1
    one.last_visit = tally.last_visit or standing.enrolled_at
    return one


@pytest.fixture(scope="module")
def course(at_risk: list[AtRisk]) -> Course:
    return at_risk[0].tally.course


@pytest.fixture(scope="module")
def counted(at_risk: list[AtRisk]) -> dict[str, Counter[Any]]:
    """The measures of the truth, of learners at risk only."""
    counts = Truth().counts
    for one in at_risk:
        one.tally.count(counts)
    return counts


def section_name(course: Course, number: int) -> str:
    return f"{number} - {course.sections[number - 1].name}"


def subsection_name(course: Course, place: tuple[int, int]) -> str:
    (found,) = [one for one in course.subsections if (one.section, one.subsection) == place]
    return f"{place[0]}:{place[1]} - {found.name}"


def test_how_many_and_who(charts: DashboardCharts, course_key: str, at_risk: list[AtRisk]) -> None:
    assert charts.rows("Learners at risk", in_courses([course_key])) == [{"learners": len(at_risk)}]

    rows = charts.rows("Who may drop out?", in_courses([course_key]))

    assert {
        row["actor_id"]: (row["enrollment_mode"], day(row["enrolled_at"]), day(row["last_visited_at"]), row["grade"])
        for row in rows
    } == {
        one.actor: (
            one.standing.enrollment[1],
            day_of(one.standing.enrolled_at).isoformat(),
            day_of(one.last_visit).isoformat(),
            None if one.standing.grade is None else pytest.approx(one.standing.grade),
        )
        for one in at_risk
    }
    assert not {"username", "name", "email"} & set(rows[0]), "personal data are off here"


def test_when_and_on_which_track(charts: DashboardCharts, course_key: str, at_risk: list[AtRisk]) -> None:
    chosen = in_courses([course_key])

    visits = charts.rows("When were at-risk learners last there?", chosen)
    enrolled = charts.rows("When did at-risk learners enroll?", chosen)
    tracks = charts.rows("Which tracks are at-risk learners enrolled in?", chosen)
    grades = charts.rows("What grades do at-risk learners have?", chosen)

    assert {day(row["last_visited_at"]): row["learners"] for row in visits if row["learners"]} == Counter(
        day_of(one.last_visit).isoformat() for one in at_risk
    )
    assert {day(row["enrolled_at"]): row["learners"] for row in enrolled if row["learners"]} == Counter(
        day_of(one.standing.enrolled_at).isoformat() for one in at_risk
    )
    assert {row["enrollment_mode"]: row["learners"] for row in tracks} == Counter(
        one.standing.enrollment[1] for one in at_risk
    )
    assert {row["grade_bucket"]: row["learners"] for row in grades if row["learners"]} == Counter(
        bucket(one.standing.grade) for one in at_risk if one.standing.grade is not None
    )


def test_where_they_stop(charts: DashboardCharts, course_key: str, at_risk: list[AtRisk], course: Course) -> None:
    rows = charts.rows("Where do learners stop?", in_courses([course_key]))

    assert {row["place"]: row["learners"] for row in rows} == Counter(
        subsection_name(course, one.last_place) if one.last_place else "No page viewed" for one in at_risk
    )


def done(thing: str, one: AtRisk) -> set[Block]:
    """The pages, problems or videos of which a learner did something."""
    if thing == "Pages":
        return set(one.tally.pages)
    if thing == "Problems":
        return {problem for problem, _ in one.tally.responses}
    return set(one.tally.intervals)


def there(thing: str, sequence: Subsection) -> int:
    if thing == "Pages":
        return len(sequence.units)
    if thing == "Problems":
        return len(sequence.problems)
    return sum(isinstance(block, Video) for unit in sequence.units for block in unit.blocks)


@pytest.mark.parametrize(("thing", "did"), [("Pages", "viewed"), ("Problems", "attempted"), ("Videos", "watched")])
def test_engagement(
    charts: DashboardCharts, course_key: str, at_risk: list[AtRisk], course: Course, thing: str, did: str
) -> None:
    totals = {(one.section, one.subsection): there(thing, one) for one in course.subsections}
    expected: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for one in at_risk:
        by_section = Counter(block.section for block in done(thing, one))
        by_subsection = Counter((block.section, block.subsection) for block in done(thing, one))
        for number, many in by_section.items():
            expected[section_name(course, number)][0] += 1
            whole = sum(total for place, total in totals.items() if place[0] == number)
            expected[section_name(course, number)][1] += many == whole
        for place, many in by_subsection.items():
            expected[subsection_name(course, place)][0] += 1
            expected[subsection_name(course, place)][1] += many == totals[place]

    rows = [
        row
        for level in ("section", "subsection")
        for row in charts.rows(f"{thing} that at-risk learners {did}, by {level}", in_courses([course_key]))
    ]

    assert {row["place"]: [row["at_least_one"], row["all_of_them"]] for row in rows} == expected


def test_page_views(charts: DashboardCharts, course_key: str, at_risk: list[AtRisk], course: Course) -> None:
    chosen = in_courses([course_key])
    learners: dict[str, set[str]] = defaultdict(set)
    times: Counter[str] = Counter()
    for one in at_risk:
        for (on, section, subsection), views in one.views.items():
            for key in (on, section_name(course, section), subsection_name(course, (section, subsection))):
                learners[key].add(one.actor)
                times[key] += views
    first = min(key for key in times if re.fullmatch(r"\d{4}-\d\d-\d\d", key))

    sections = charts.rows("Page views of at-risk learners by section", chosen)
    subsections = charts.rows("Page views of at-risk learners by subsection", chosen)
    bars, line = charts.results("When do at-risk learners view pages?", chosen)
    so_far, views_so_far = charts.results("How have at-risk learners and their page views added up?", chosen)

    found = {row["section_with_name"]: (row["learners"], row["page_views"]) for row in sections}
    found |= {row["subsection_with_name"]: (row["learners"], row["page_views"]) for row in subsections}
    by_day = {day(row["day"]): row["page_views"] for row in bars if row["page_views"]}
    found |= {day(row["day"]): (row["learners"], by_day[day(row["day"])]) for row in line if row["learners"]}
    assert found == {key: (len(learners[key]), times[key]) for key in times}
    assert day(so_far[0]["day"]) == first
    assert so_far[-1]["new_learners"] == len({actor for actors in learners.values() for actor in actors})
    assert views_so_far[-1]["page_views"] == sum(by_day.values())


def test_problems(
    charts: DashboardCharts, made: dict[str, Any], course_key: str, counted: dict[str, Counter[Any]]
) -> None:
    chosen = _problems([(key[1], key[2], key[3], many) for key, many in counted["problem_results"].items()])
    everyone = _problems(
        [
            (row["block_id"], row["attempts"], row["correct"], row["value"])
            for row in made["measures"]["problem_results"]
            if row["course_key"] == course_key
        ]
    )

    results = charts.rows("Which problems do at-risk learners fail?", in_courses([course_key]))
    attempts = charts.rows("How many attempts do at-risk learners need?", in_courses([course_key]))

    assert {
        _block(row["problem_link"]): (row["learners"], row["correct_share"], row["incorrect_share"]) for row in results
    } == {
        block: (len(each), pytest.approx(_share(each)), pytest.approx(1 - _share(each)))
        for block, each in chosen.items()
    }
    assert {_block(row["problem_link"]): row["correct_share_of_all"] for row in results} == {
        block: pytest.approx(_share(everyone[block])) for block in chosen
    }
    assert {
        _block(row["problem_link"]): (
            row["correct_attempts"],
            row["incorrect_attempts"],
            row["correct_attempts_of_all"],
        )
        for row in attempts
    } == {block: (_mean(each, 1), _mean(each, 0), _mean(everyone[block], 1)) for block, each in chosen.items()}


Results = list[tuple[int, int]]
"""Attempts, and whether the last response is correct, of each learner."""


def _problems(counts: list[tuple[str, int, int, int]]) -> dict[str, Results]:
    found: dict[str, Results] = defaultdict(list)
    for block, attempts, correct, learners in counts:
        found[block] += [(attempts, correct)] * learners
    return found


def _share(results: Results) -> float:
    return sum(correct for _, correct in results) / len(results)


def _mean(results: Results, wanted: int) -> Any:
    attempts = [number for number, correct in results if correct == wanted]
    return pytest.approx(fmean(attempts)) if attempts else None


def _block(link: str) -> str:
    found = re.search(r'/jump_to/([^"]+)"', link)
    assert found
    return found[1]


def test_videos(charts: DashboardCharts, course_key: str, counted: dict[str, Counter[Any]]) -> None:
    viewers: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for (_, block, full), many in counted["video_views"].items():
        viewers[block][full] += many
    intervals = {key[1]: many for key, many in counted["video_intervals"].items()}

    table = charts.rows("How did at-risk learners watch the videos?", in_courses([course_key]))
    bars = charts.rows("How much of each video do at-risk learners watch?", in_courses([course_key]))

    assert {_block(row["video_link"]): (row["viewers"], row["views"]) for row in table} == {
        block: (sum(each), intervals[block]) for block, each in viewers.items()
    }
    assert sorted((row["partial_views"], row["full_views"]) for row in bars) == sorted(map(tuple, viewers.values()))


def test_video_seconds(charts: DashboardCharts, course_key: str, at_risk: list[AtRisk]) -> None:
    truth = Truth()
    for one in at_risk:
        one.tally.count(truth.counts)
    measures = truth.measures()
    views, viewers = (_by_second(measures[name]) for name in ("video_segment_views", "video_segment_viewers"))

    rows = charts.rows("Which parts of a video do at-risk learners watch?", in_courses([course_key]))

    assert {row["second"]: (row["unique"], row["repeat"]) for row in rows} == {
        second: (viewers[second], views[second] - viewers[second]) for second in views
    }


def _by_second(rows: list[Row]) -> Counter[int]:
    found: Counter[int] = Counter()
    for row in rows:
        found[int(row["second"])] += row["value"]
    return found


@pytest.fixture
def ada(stack: Stack, at_risk: list[AtRisk]) -> Iterator[str]:
    """The identifier of a learner at risk whom the LMS names."""
    sink = connect(stack.settings, user="sink")
    profile = ["id", "user_id", "name", "username", "email", "time_last_dumped"]
    account = ["external_user_id", "external_id_type", "username", "user_id", "time_last_dumped"]
    now = datetime.now(UTC)
    try:
        sink.insert("event_sink.user_profile", [[9, 9, "Ada L", "ada", "ada@example.org", now]], column_names=profile)
        sink.insert("event_sink.external_id", [[at_risk[0].actor, "xapi", "ada", 9, now]], column_names=account)
        yield str(at_risk[0].actor)
    finally:
        sink.command("alter table event_sink.user_profile delete where user_id = 9 settings mutations_sync = 1")
        sink.command("alter table event_sink.external_id delete where user_id = 9 settings mutations_sync = 1")
        sink.close()


def test_nobody_is_named_where_names_are_off(stack: Stack, ada: str) -> None:
    """Whatever the LMS has sent: the view that names learners has no rows."""
    reader = connect(stack.settings, user="report")
    try:
        assert reader.query("select * from reporting.learner_names").result_rows == []
    finally:
        reader.close()


def test_learners_are_named_where_names_are_on(stack: Stack, ada: str, course_key: str) -> None:
    """The setting gives the view its rows and the table its columns; without it both are gone again."""

    def who_may_drop_out(pii: str) -> list[Row]:
        stack.inv("dbt.run", "--select=learner_names", check=True, ASPECTS_PII=pii)
        stack.inv("assets.sync", check=True, ASPECTS_PII=pii)
        with signed_in(stack) as client:
            return DashboardCharts.of(client, SLUG).rows("Who may drop out?", in_courses([course_key]))

    try:
        named = who_may_drop_out("true")
    finally:
        nameless = who_may_drop_out("false")

    said = {row["actor_id"]: (row["username"], row["name"], row["email"]) for row in named}
    assert said.pop(ada) == ("ada", "Ada L", "ada@example.org")
    assert said
    assert len(nameless) == len(named)
    assert not {"username", "name", "email"} & set(nameless[0])
