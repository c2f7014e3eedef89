"""The simulation: the same for the same scenario, statements of every kind, and learners as they are."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

import pytest

from aspects.fake import action as happened
from aspects.fake.action import Action
from aspects.fake.course import DAY, HOUR, Course, Problem, Scenario, Video, blocks_in_order
from aspects.fake.generate import Simulation, chunks
from aspects.fake.people import World
from aspects.fake.statements import VERB_OF
from aspects.fake.truth import statements_of
from aspects.xapi.statement import Statement, check
from aspects.xapi.vocabulary import VERBS, Extension, Verb

SCENARIO = Scenario(seed=1, end=date(2026, 6, 1), lms_url="http://lms.example")
COUNT = 10_000


def texts(scenario: Scenario, count: int, workers: int = 1) -> list[bytes]:
    return [text for chunk in chunks(scenario, count, workers) for text in chunk.texts]


@pytest.fixture(scope="module")
def generated() -> list[bytes]:
    return texts(SCENARIO, COUNT)


@pytest.fixture(scope="module")
def statements(generated: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(text) for text in generated]


@pytest.fixture(scope="module")
def histories() -> list[list[Action]]:
    """What each of some learners does, in all their courses."""
    simulation = Simulation(SCENARIO)
    return [simulation.actions(simulation.world.learner(index)) for index in range(300)]


def by_course(history: list[Action]) -> dict[Course, list[Action]]:
    courses: dict[Course, list[Action]] = defaultdict(list)
    for action in history:
        courses[action.course].append(action)
    return courses


def test_the_number_of_statements_is_exact(generated: list[bytes]) -> None:
    assert len(generated) == COUNT
    assert len(texts(SCENARIO, 1)) == 1


@pytest.mark.parametrize("workers", [2, 3])
def test_any_number_of_workers_gives_the_same_bytes(generated: list[bytes], workers: int) -> None:
    digest = sha256(b"\n".join(texts(SCENARIO, COUNT, workers))).digest()
    assert digest == sha256(b"\n".join(generated)).digest()


def test_a_larger_count_begins_with_the_smaller_one(generated: list[bytes]) -> None:
    assert texts(SCENARIO, 777) == generated[:777]


def test_another_seed_and_another_day_give_other_statements(generated: list[bytes]) -> None:
    others = [Scenario(2, SCENARIO.end, SCENARIO.lms_url), Scenario(1, date(2026, 6, 2), SCENARIO.lms_url)]
    for other in others:
        assert not {json.loads(text)["id"] for text in texts(other, 500)} & {
            json.loads(text)["id"] for text in generated
        }


def test_courses_may_be_given_a_size() -> None:
    sized = Scenario(1, SCENARIO.end, SCENARIO.lms_url, learners_per_course=300)
    world = World(sized)
    learners = Counter(course.index for index in range(2200) for course in world.learner(index).courses)
    # The last four courses are still filling up.
    full = [learners[index] for index in range(len(learners) - 4)]
    assert len(full) == 8
    assert all(250 <= count <= 350 for count in full)


def test_a_size_of_courses_gives_other_learners_and_keeps_the_law_of_the_generator() -> None:
    sized = Scenario(1, SCENARIO.end, SCENARIO.lms_url, learners_per_course=40)
    more = texts(sized, 6000, workers=2)
    assert texts(sized, 4000) == more[:4000]
    assert not {text[:43] for text in more} & {text[:43] for text in texts(SCENARIO, 4000)}


def test_no_two_courses_have_one_key() -> None:
    world = World(SCENARIO)
    keys = [world.course(index).key for index in range(1500)]
    assert len(set(keys)) == len(keys)


def test_every_statement_is_valid_and_has_an_id_of_its_own(generated: list[bytes]) -> None:
    kept = [check(text) for text in generated]
    assert all(isinstance(one, Statement) for one in kept)
    assert len({one.event_id for one in kept if isinstance(one, Statement)}) == COUNT


def test_ids_and_times_of_a_chunk_are_those_in_its_statements() -> None:
    chunk = next(chunks(SCENARIO, 500))
    for number, time, text in zip(chunk.ids, chunk.times, chunk.texts, strict=True):
        kept = check(text)
        assert isinstance(kept, Statement)
        assert (kept.event_id, kept.emission_time) == (number, time)


def test_ids_are_those_that_event_routing_backends_gives(statements: list[dict[str, Any]]) -> None:
    """A version 5 UUID of the actor and the time, in a namespace that the verb and the question make."""
    for one in statements:
        actor = one["actor"]["account"]
        namespace = json.dumps(one["verb"])
        if "statement" in one["context"]:
            namespace += "-" + one["object"]["id"].rsplit("@", 1)[1]
        agent = {"objectType": "Agent", "account": {"name": actor["name"], "homePage": actor["homePage"]}}
        name = f"{json.dumps(agent)}-{one['timestamp']}"
        assert one["id"] == str(uuid5(uuid5(NAMESPACE_DNS, namespace), name))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ten_thousand_statements_have_every_verb(seed: int) -> None:
    scenario = Scenario(seed, SCENARIO.end, SCENARIO.lms_url)
    assert {json.loads(text)["verb"]["id"] for text in texts(scenario, COUNT)} == set(VERBS)


def test_every_event_has_a_verb_and_happens(histories: list[list[Action]]) -> None:
    simulation = Simulation(SCENARIO)
    seen = {action.event for history in histories for action in history}
    index = len(histories)
    while missing := set(VERB_OF) - seen:
        assert index < 3000, missing
        seen |= {action.event for action in simulation.actions(simulation.world.learner(index))}
        index += 1


def test_blocks_of_statements_are_in_the_course(statements: list[dict[str, Any]]) -> None:
    world = World(SCENARIO)
    known = {block.block_id for index in range(8) for block in blocks_in_order(world.course(index))}
    named = {
        re.sub(r"(_\d+_1|/answer|/hint/\d+)$", "", found[0])
        for one in statements
        if (found := re.search(r"block-v1:.*", one["object"]["id"]))
    }
    assert named <= known
    assert len(named) > 100


def test_scores_agree_with_success(statements: list[dict[str, Any]]) -> None:
    # The whole of several questions has the success of its first one.
    single = [one for one in statements if one["object"].get("objectType") != "GroupActivity"]
    scored = [one["result"] for one in single if "scaled" in one.get("result", {}).get("score", {})]
    assert len(scored) > 1000
    for result in scored:
        score = result["score"]
        assert score["scaled"] == pytest.approx(score["raw"] / score["max"])
        assert 0 <= score["scaled"] <= 1
        if "success" in result:
            assert result["success"] == (score["raw"] >= score["max"])


def test_a_problem_of_several_questions_has_a_statement_for_all_and_one_for_each(
    statements: list[dict[str, Any]],
) -> None:
    wholes = {one["id"]: one for one in statements if one["object"].get("objectType") == "GroupActivity"}
    children = [one for one in statements if "statement" in one["context"]]
    assert len(wholes) > 20
    for child in children:
        whole = wholes[child["context"]["statement"]["id"]]
        assert re.fullmatch(re.escape(whole["object"]["id"]) + r"_\d_1", child["object"]["id"])
        assert set(child["result"]) == {"response", "success"}
        if child["object"]["id"].endswith("_2_1"):
            first = child["object"]["definition"]["description"]
            assert whole["object"]["definition"]["description"] == first
            assert child["result"].items() <= whole["result"].items()
        assert child["context"]["contextActivities"]["parent"][0]["id"] == whole["object"]["id"]
        assert "/course/course-v1:" in child["context"]["contextActivities"]["grouping"][0]["id"]


def test_a_check_may_have_no_number_of_attempts() -> None:
    simulation = Simulation(SCENARIO)
    checks = [
        action.detail
        for index in range(600)
        for action in simulation.actions(simulation.world.learner(index))
        if action.event == happened.PROBLEM_CHECKED
    ]
    unnumbered = sum(1 for check in checks if not check.attempt)
    assert 0 < unnumbered < 0.02 * len(checks)


def test_learners_enroll_before_they_do_anything_and_nothing_happens_after_they_leave(
    histories: list[list[Action]],
) -> None:
    for history in histories:
        for actions in by_course(history).values():
            assert actions[0].event == happened.ENROLLED
            enrolled = False
            for action in actions:
                if action.event in (happened.ENROLLED, happened.MODE_CHANGED):
                    enrolled = True
                elif action.event == happened.UNENROLLED:
                    enrolled = False
                else:
                    assert enrolled, action


def test_nothing_happens_twice_at_one_moment_or_after_the_end(histories: list[list[Action]]) -> None:
    for history in histories:
        times = [action.time for action in history]
        assert times == sorted(set(times))
        assert not times or times[-1] < SCENARIO.end_time


def test_sessions_have_minutes_between_their_events(histories: list[list[Action]]) -> None:
    gaps: list[float] = []
    for history in histories:
        sessions: dict[str, list[int]] = defaultdict(list)
        for action in history:
            sessions[action.session].append(action.time)
        for times in sessions.values():
            gaps += [(after - before) / 1e6 for before, after in pairwise(times)]
            assert (times[-1] - times[0]) < 6 * HOUR
    gaps.sort()
    assert gaps[len(gaps) // 2] < 120
    assert sum(1 for gap in gaps if gap > 3600) < 0.005 * len(gaps)


def test_the_week_and_the_day_have_a_rhythm(histories: list[list[Action]]) -> None:
    moments = [
        datetime.fromtimestamp(action.time / 1e6, UTC)
        for history in histories
        for action in history
        if VERB_OF[action.event] != Verb.REGISTERED
    ]
    weekdays = Counter(moment.weekday() for moment in moments)
    assert max(weekdays.values()) > 1.3 * min(weekdays.values())
    # Every learner has hours of their own: over a learner's day most hours are empty.
    for history in histories:
        if len(history) > 100:
            hours = Counter(action.time // HOUR % 24 for action in history)
            assert sum(count for _, count in hours.most_common(8)) > 0.6 * len(history)


def test_some_learners_drop_out_and_some_stay_to_the_last_week(histories: list[list[Action]]) -> None:
    last = [history[-1].time for history in histories if history]
    assert sum(1 for time in last if time > SCENARIO.end_time - 7 * DAY) > 0.05 * len(last)
    assert sum(1 for time in last if time < SCENARIO.end_time - 28 * DAY) > 0.3 * len(last)


def test_answers_get_better_with_attempts(histories: list[list[Action]]) -> None:
    right: Counter[int] = Counter()
    total: Counter[int] = Counter()
    for history in histories:
        attempts: Counter[Any] = Counter()
        for action in history:
            if action.event == happened.PROBLEM_CHECKED:
                attempts[action.block] += 1
                total[attempts[action.block]] += 1
                right[attempts[action.block]] += action.detail.earned == action.detail.possible
                assert action.detail.attempt in (0, attempts[action.block])
                assert isinstance(action.block, Problem)
                assert attempts[action.block] <= action.block.max_attempts
    # Those who try again are those who failed: even so their odds grow with each attempt.
    assert right[2] / total[2] < right[3] / total[3]
    assert right[1] / total[1] < right[3] / total[3]


def test_videos_are_played_within_their_length_and_positions_follow_one_another(
    histories: list[list[Action]],
) -> None:
    opens: dict[Any, float] = {}
    played = 0
    for number, history in enumerate(histories):
        for action in history:
            if not isinstance(action.block, Video) or action.event not in VERB_OF:
                continue
            key = (number, action.block)
            if action.event == happened.VIDEO_PLAYED:
                played += 1
                opens[key] = action.detail
                assert 0 <= action.detail <= action.block.length
            elif action.event in (happened.VIDEO_PAUSED, happened.VIDEO_STOPPED):
                assert opens.pop(key) <= action.detail <= action.block.length
            elif action.event == happened.VIDEO_SEEKED:
                assert opens.pop(key) <= action.detail.start <= action.block.length
                assert 0 <= action.detail.target <= action.block.length
    assert played > 300


def test_a_course_is_passed_when_its_grade_reaches_the_mark(histories: list[list[Action]]) -> None:
    crossings: Counter[str] = Counter()
    for history in histories:
        for actions in by_course(history).values():
            passed = False
            for action in actions:
                if action.event == happened.COURSE_GRADED:
                    assert action.detail.passed == (action.detail.earned >= 0.6)
                    graded = action.detail.passed
                elif action.event in (happened.PASSED_FIRST, happened.NOW_PASSED):
                    assert (graded, passed) == (True, False)
                    passed = True
                elif action.event == happened.NOW_FAILED:
                    assert (graded, passed) == (False, True)
                    passed = False
                crossings[action.event] += 1
    assert crossings[happened.PASSED_FIRST] > 20
    assert crossings[happened.NOW_FAILED] > 0


def test_the_truth_counts_as_many_statements_as_an_action_makes(histories: list[list[Action]]) -> None:
    simulation = Simulation(SCENARIO)
    chunk = simulation.chunk(0)
    expected = sum(statements_of(action) for history in histories[:64] for action in history)
    assert len(chunk.ids) == chunk.truth.statements == expected


def test_video_lengths_and_modes_are_in_the_statements(statements: list[dict[str, Any]]) -> None:
    lengths = {
        one["context"]["extensions"][Extension.VIDEO_LENGTH]
        for one in statements
        if Extension.VIDEO_LENGTH in one["context"]["extensions"]
    }
    assert len(lengths) > 15
    assert max(lengths) > 4 * min(lengths)
    modes = Counter(
        one["object"]["definition"]["extensions"][Extension.TYPE]
        for one in statements
        if one["verb"]["id"] == Verb.REGISTERED
    )
    assert set(modes) == {"audit", "verified", "honor"}


def test_learners_are_known_by_uuids(statements: list[dict[str, Any]]) -> None:
    actors = {one["actor"]["account"]["name"] for one in statements}
    assert len(actors) > 50
    assert all(UUID(actor).version == 4 for actor in actors)
