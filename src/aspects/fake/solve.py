"""Answering a problem: checks that get better with every attempt, hints, answers shown, and the grades."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from aspects.fake import action as happened
from aspects.fake.action import Answer, Check, Score
from aspects.fake.course import SECOND, Problem, Subsection

if TYPE_CHECKING:
    from aspects.fake.study import Study


def solve(study: Study, problem: Problem, subsection: Subsection, time: int) -> int:
    """Work on a problem until it is right, the attempts are used up, or the learner lets it be."""
    chance = study.chance
    if not subsection.graded and chance.happens(0.25):
        return time
    right: set[int] = set()
    for attempt in range(study.attempts.get(problem.block_id, 0) + 1, problem.max_attempts + 1):
        time += int(min(12.0 + chance.waiting(45.0) * len(problem.questions), 900.0) * SECOND)
        if attempt > 1 and problem.hints and chance.happens(0.4):
            study.note(time, happened.HINT_SHOWN, problem, chance.whole(0, problem.hints - 1))
            time += int(chance.between(8.0, 45.0) * SECOND)
        time = _check(study, problem, subsection, attempt, right, time)
        if len(right) == problem.points or chance.happens(0.3):
            break
    if len(right) == problem.points and chance.happens(0.25):
        study.note(time, happened.PROBLEM_COMPLETED, problem)
    if chance.happens(0.1 if len(right) == problem.points else 0.3):
        time += int(chance.between(4.0, 30.0) * SECOND)
        study.note(time, happened.ANSWER_SHOWN, problem)
    return time


def _check(study: Study, problem: Problem, subsection: Subsection, attempt: int, right: set[int], time: int) -> int:
    """One attempt: the browser sends it, the server judges it, scores and grades follow."""
    chance = study.chance
    odds = 1.0 / (1.0 + math.exp(-1.3 * (study.ability - problem.difficulty + 0.55 + 1.1 * (attempt - 1))))
    answers = []
    for question in problem.questions:
        if question.number in right or chance.random() < odds:
            right.add(question.number)
            answers.append(Answer(question.number, question.answers[0], True))
        else:
            answers.append(Answer(question.number, chance.pick(question.answers[1:]), False))
    study.attempts[problem.block_id] = attempt
    earned, possible = len(right), problem.points
    changed = attempt == 1 or earned != study.earned[problem.block_id]
    study.earn(problem, subsection, earned)
    study.note(time, happened.PROBLEM_CHECK_SENT, problem)
    time += int(chance.between(0.12, 0.6) * SECOND)
    # Old problem types send no number of attempts.
    numbered = 0 if possible > 1 and chance.happens(0.03) else attempt
    study.note(time, happened.PROBLEM_CHECKED, problem, Check(numbered, tuple(answers), earned, possible))
    study.note(time + 21_000, happened.PROBLEM_SUBMITTED, problem, Score(earned, possible))
    study.complete(time + 38_000, problem)
    if subsection.graded and changed:
        study.grade(time + 240_000, subsection)
    return time + int(chance.between(1.0, 9.0) * SECOND)
