"""Generated data looks as data of real learners does: each property by its numbers, over a fixed seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date

import pytest

from aspects.fake import action as happened
from aspects.fake.action import Action
from aspects.fake.course import DAY, WEEK, Block, Course, Problem, Scenario, Video
from aspects.fake.generate import Simulation

SCENARIO = Scenario(seed=3, end=date(2026, 6, 1), lms_url="http://lms.example")
LEARNERS = 400


@pytest.fixture(scope="module")
def histories() -> list[list[Action]]:
    simulation = Simulation(SCENARIO)
    return [simulation.actions(simulation.world.learner(index)) for index in range(LEARNERS)]


@pytest.fixture(scope="module")
def actions(histories: list[list[Action]]) -> list[Action]:
    return [action for history in histories for action in history]


def test_sessions_gather_in_the_two_days_before_something_is_due(actions: list[Action]) -> None:
    sessions = {(action.course, action.session): action.time // DAY for action in reversed(actions)}
    by_course: dict[Course, Counter[int]] = defaultdict(Counter)
    for (course, _), day in sessions.items():
        by_course[course][day] += 1
    last = by_weeks = 0
    for course, days in by_course.items():
        for due in {one.due // DAY for one in course.subsections if one.graded}:
            if due + 7 <= SCENARIO.end_time // DAY:
                last += days[due] + days[due - 1]
                # The same days of the week, a week before and a week after.
                by_weeks += days[due - 7] + days[due - 8] + days[due + 7] + days[due + 6]
    assert last > 100
    assert last > 1.3 * by_weeks / 2


def test_learners_become_fewer_from_week_to_week(histories: list[list[Action]]) -> None:
    weeks: Counter[int] = Counter()
    for history in histories:
        begins: dict[Course, int] = {}
        seen: set[tuple[Course, int]] = set()
        for action in history:
            begin = begins.setdefault(action.course, action.time)
            if begin < SCENARIO.end_time - 8 * WEEK and action.event not in (happened.ENROLLED, happened.UNENROLLED):
                seen.add((action.course, (action.time - begin) // WEEK))
        weeks.update(week for _, week in seen)
    assert weeks[0] > 1.3 * weeks[3] > 1.3 * 1.2 * weeks[7] > 0


def test_learners_of_more_ability_answer_better(histories: list[list[Action]]) -> None:
    simulation = Simulation(SCENARIO)
    right: dict[bool, list[bool]] = {True: [], False: []}
    for index, history in enumerate(histories):
        able = simulation.world.learner(index).ability > 0
        for action in history:
            if action.event == happened.PROBLEM_CHECKED and action.detail.attempt == 1:
                right[able].append(action.detail.earned == action.detail.possible)
    assert sum(right[True]) / len(right[True]) > sum(right[False]) / len(right[False]) + 0.15


def test_graded_and_ungraded_one_question_and_several_text_and_exams_all_happen(actions: list[Action]) -> None:
    checked = [action.block for action in actions if action.event == happened.PROBLEM_CHECKED]
    graded = Counter(block.graded for block in checked)
    questions = Counter(len(block.questions) > 1 for block in checked)
    assert min(graded[True], graded[False]) > 0.1 * len(checked)
    assert 0.08 * len(checked) < questions[True] < 0.5 * len(checked)
    submitted = {happened.EXAM_EVENTS[kind, "submitted"] for kind in ("timed", "practice", "proctored")}
    assert submitted <= {action.event for action in actions}
    forum = sum(1 for action in actions if action.event in happened.FORUM_EVENTS)
    assert 0.005 * len(actions) < forum < 0.1 * len(actions)


def test_every_event_is_about_a_block_of_its_course_of_the_right_kind(actions: list[Action]) -> None:
    kinds: dict[type[Block], set[str]] = defaultdict(set)
    for action in actions:
        if action.block is not None:
            assert f":{action.course.org}+" in action.block.block_id
            assert action.course.key.removeprefix("course-v1:") in action.block.block_id
            kinds[type(action.block)].add(action.event)
    assert happened.VIDEO_PLAYED in kinds[Video]
    assert happened.PROBLEM_CHECKED in kinds[Problem]
    assert not kinds[Video] & kinds[Problem] - {happened.BLOCK_COMPLETED}


def test_pages_are_visited_in_order_for_the_first_time(histories: list[list[Action]]) -> None:
    in_order = out_of_order = 0
    for history in histories:
        furthest: dict[object, int] = {}
        for action in history:
            if action.event == happened.NEXT:
                place = action.course.subsections.index(action.block)
                in_order += place >= furthest.get(action.course, 0)
                out_of_order += place < furthest.get(action.course, 0)
                furthest[action.course] = max(place, furthest.get(action.course, 0))
    assert in_order > 500
    assert out_of_order < 0.02 * in_order


def test_some_leave_some_come_back_and_some_pay_later(histories: list[list[Action]]) -> None:
    per_course = Counter(
        (number, action.course, action.event) for number, history in enumerate(histories) for action in history
    )
    enrollments = sum(1 for _, _, event in per_course if event == happened.ENROLLED)
    again = sum(1 for (_, _, event), times in per_course.items() if event == happened.ENROLLED and times > 1)
    left = sum(1 for _, _, event in per_course if event == happened.UNENROLLED)
    upgraded = sum(1 for _, _, event in per_course if event == happened.MODE_CHANGED)
    for part in (again, left, upgraded):
        assert 0.005 * enrollments < part < 0.4 * enrollments


def test_a_video_is_watched_in_pieces_that_take_the_time_they_take(histories: list[list[Action]]) -> None:
    pieces = 0
    for history in histories:
        playing: dict[object, tuple[int, float]] = {}
        for action in history:
            if action.event == happened.VIDEO_PLAYED:
                playing[action.block] = (action.time, action.detail)
            elif action.event in (happened.VIDEO_PAUSED, happened.VIDEO_STOPPED) and action.block in playing:
                began, position = playing.pop(action.block)
                seconds = (action.time - began) / 1e6
                # At double speed half the time is enough.
                assert seconds >= (action.detail - position) / 2 - 0.1
                pieces += 1
    assert pieces > 300
