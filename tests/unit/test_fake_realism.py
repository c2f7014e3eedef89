"""Generated data looks as data of real learners does: each property by its numbers, over a fixed seed."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import date

import pytest

from aspects.fake import action as happened
from aspects.fake.action import Action
from aspects.fake.course import DAY, HOUR, WEEK, Block, Course, Problem, Scenario, Video
from aspects.fake.generate import Simulation
from aspects.fake.people import REGIONS, profile

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


def test_every_seek_and_nearly_every_pause_ends_a_play_of_the_same_video(histories: list[list[Action]]) -> None:
    ended: Counter[str] = Counter()
    open_plays = plays = 0
    for history in histories:
        playing: set[object] = set()
        for action in history:
            if action.event == happened.VIDEO_PLAYED:
                plays += 1
                open_plays += action.block in playing
                playing.add(action.block)
            elif action.event in (happened.VIDEO_PAUSED, happened.VIDEO_SEEKED, happened.VIDEO_STOPPED):
                assert action.block in playing
                playing.remove(action.block)
                ended[action.event] += 1
    assert all(count > 0.05 * plays for count in ended.values())
    assert len(ended) == 3
    # Some close the page: their play has no end of its own.
    assert 0 < open_plays < 0.1 * plays


def test_videos_are_of_many_lengths_and_most_last_some_minutes() -> None:
    world = Simulation(SCENARIO).world
    lengths = sorted(
        block.length
        for index in range(20)
        for subsection in world.course(index).subsections
        for unit in subsection.units
        for block in unit.blocks
        if isinstance(block, Video)
    )
    assert len(set(lengths)) > 0.9 * len(lengths) > 90
    assert 180 < lengths[len(lengths) // 2] < 600
    assert lengths[len(lengths) // 20] < 120
    assert lengths[-len(lengths) // 20] > 900


def test_learners_study_in_the_evening_of_where_they_live_and_more_on_some_days(
    histories: list[list[Action]],
) -> None:
    world = Simulation(SCENARIO).world
    local_hours: Counter[int] = Counter()
    weekdays: Counter[int] = Counter()
    for index, history in enumerate(histories):
        for _, time in {action.session: action.time for action in reversed(history)}.items():
            local_hours[(time // HOUR + world.learner(index).region.offset) % 24] += 1
            weekdays[time // DAY % 7] += 1
    total = local_hours.total()
    assert sum(local_hours[hour] for hour in range(17, 24)) > 0.4 * total
    assert sum(local_hours[hour] for hour in range(1, 6)) < 0.1 * total
    # 1970 began on a Thursday: 1 and 2 are Friday and Saturday, 4 to 6 Monday to Wednesday.
    assert weekdays[1] + weekdays[2] < 0.85 * (weekdays[4] + weekdays[5] + weekdays[6]) * 2 / 3


def test_learners_come_from_many_countries_and_have_names_of_their_own_language() -> None:
    world = Simulation(SCENARIO).world
    learners = [world.learner(index) for index in range(LEARNERS)]
    people = [profile(SCENARIO, learner) for learner in learners]
    regions = Counter(learner.region.locale for learner in learners)
    assert all(regions[region.locale] > 0.3 * LEARNERS / len(REGIONS) for region in REGIONS)
    assert len({learner.actor for learner in learners}) == len({person.username for person in people}) == LEARNERS
    assert len({person.name for person in people}) > 0.9 * LEARNERS
    letters = {"ja_JP": "\u3040-\u30ff\u4e00-\u9fff", "zh_CN": "\u4e00-\u9fff", "ar_SA": "\u0600-\u06ff"}
    for learner, person in zip(learners, people, strict=True):
        own = letters.get(learner.region.locale)
        assert own is None or re.search(f"[{own}]", person.name), person
