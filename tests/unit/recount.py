"""The product's measures counted in the plainest way over statements: what the simulation's truth is held against."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from statistics import mean, median
from typing import Any

from aspects.fake.course import Course, Problem, Subsection, Unit, Video, blocks_in_order
from aspects.fake.standing import bucket
from aspects.xapi.vocabulary import Activity, Extension, Verb

Keyed = dict[tuple[Any, ...], Any]
ENDS = {Verb.PAUSED, Verb.SEEKED, Verb.TERMINATED, Verb.COMPLETED}


def course_of(statement: dict[str, Any]) -> str:
    activities = statement["context"].get("contextActivities", {})
    parent = activities.get("parent", [{}])[0]
    if parent.get("definition", {}).get("type") == Activity.COURSE:
        course_id = parent["id"]
    elif parent:
        course_id = activities["grouping"][0]["id"]
    else:
        course_id = statement["object"]["id"]
    return str(course_id.rsplit("/", 1)[1])


def block_of(statement: dict[str, Any]) -> tuple[str, str]:
    """The block's id and the question."""
    found = re.search(r"block-v1:[^/]*", statement["object"]["id"])
    block = found[0] if found else ""
    question = re.search(r"_(\d+_\d+)$", block)
    return re.sub(r"_\d+_\d+$", "", block), question[1] if question else ""


def by_learner(statements: list[dict[str, Any]]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The statements of each course and actor in order of time."""
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for one in sorted(statements, key=lambda one: one["timestamp"]):
        found[course_of(one), one["actor"]["account"]["name"]].append(one)
    return found


class Structure:
    """Where the blocks of some courses are."""

    def __init__(self, courses: list[Course]) -> None:
        self.sequence_of: dict[str, Subsection] = {}
        self.units: dict[str, Unit] = {}
        self.blocks: dict[str, Any] = {}
        for course in courses:
            for block in blocks_in_order(course):
                self.blocks[block.block_id] = block
            for sequence in course.subsections:
                self.sequence_of[sequence.block_id] = sequence
                for unit in sequence.units:
                    self.units[unit.block_id] = unit
                    for block in (unit, *unit.blocks):
                        self.sequence_of[block.block_id] = sequence

    def number(self, sequence: Subsection, kind: type) -> int:
        return sum(isinstance(block, kind) for unit in sequence.units for block in unit.blocks)


def count_learning(statements: list[dict[str, Any]], structure: Structure) -> dict[str, Keyed]:
    """The measures on pages, problems, videos and subsections, and those on how learners stand."""
    counts: dict[str, Counter[Any]] = defaultdict(Counter)
    for (course, _), history in by_learner(statements).items():
        _pages(course, history, structure, counts)
        _problems(course, history, structure, counts)
        _videos(course, history, structure, counts)
        _help(course, history, counts)
        _sequences(course, history, counts)
        _standing(course, history, counts)
    return {**counts, "course_comparison": _comparison(counts)}


def page_of(statement: dict[str, Any], structure: Structure) -> Unit:
    """The unit that a navigation leads to."""
    block, _ = block_of(statement)
    if block in structure.units:
        return structure.units[block]
    extensions = statement["context"]["extensions"]
    start, end = extensions[Extension.STARTING_POSITION], extensions[Extension.ENDING_POINT]
    position = int({"next unit": start + 1, "previous unit": start - 1}.get(end, end))
    unit: Unit = structure.sequence_of[block].units[position - 1]
    return unit


def _pages(course: str, history: list[dict[str, Any]], structure: Structure, counts: dict[str, Counter[Any]]) -> None:
    visited = {page_of(one, structure).block_id for one in history if one["verb"]["id"] == Verb.NAVIGATED}
    for sequence in {structure.sequence_of[page] for page in visited}:
        here = [unit.block_id for unit in sequence.units if unit.block_id in visited]
        counts["page_engagement"][course, sequence.block_id, len(here), len(sequence.units)] += 1
        for page in here:
            counts["page_visits"][course, sequence.block_id, page] += 1


def _problems(
    course: str, history: list[dict[str, Any]], structure: Structure, counts: dict[str, Counter[Any]]
) -> None:
    answered: dict[str, dict[str, list[tuple[str, bool]]]] = defaultdict(lambda: defaultdict(list))
    for one in history:
        if one["verb"]["id"] == Verb.EVALUATED and one["object"]["objectType"] != "GroupActivity":
            block, question = block_of(one)
            answered[block][question].append((one["result"]["response"], one["result"]["success"]))
    for block, questions in answered.items():
        for question, answers in questions.items():
            counts["problem_first_responses"][course, block, question, answers[0][0], int(answers[0][1])] += 1
            counts["problem_last_responses"][course, block, question, answers[-1][0], int(answers[-1][1])] += 1
        attempts = max(len(answers) for answers in questions.values())
        correct = all(answers[-1][1] for answers in questions.values())
        correct_first = all(answers[0][1] for answers in questions.values())
        counts["problem_results"][course, block, attempts, int(correct), int(correct_first)] += 1
    for sequence, attempted in Counter(structure.sequence_of[block] for block in answered).items():
        total = structure.number(sequence, Problem)
        counts["problem_engagement"][course, sequence.block_id, int(sequence.graded), attempted, total] += 1


def _help(course: str, history: list[dict[str, Any]], counts: dict[str, Counter[Any]]) -> None:
    shown: Counter[tuple[str, str]] = Counter()
    for one in history:
        if one["verb"]["id"] == Verb.ASKED:
            shown[block_of(one)[0], "answer" if one["object"]["id"].endswith("/answer") else "hint"] += 1
    for key, times in shown.items():
        counts["problem_help"][course, *key] += times
        counts["problem_help_learners"][course, *key] += 1


def watched_intervals(history: list[dict[str, Any]]) -> dict[str, list[tuple[float, float]]]:
    """A play with the next pause, seek or end of the same video."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    began: dict[str, float] = {}
    for one in history:
        block, verb = block_of(one)[0], one["verb"]["id"]
        if "type@video" not in block or verb not in ENDS | {Verb.PLAYED}:
            continue
        extensions = one["result"]["extensions"]
        if verb == Verb.PLAYED:
            length = one["context"]["extensions"][Extension.VIDEO_LENGTH]
            began[block] = extensions[Extension.TIME] if extensions[Extension.TIME] < length else 0.0
        elif block in began:
            start = began.pop(block)
            end = extensions[Extension.TIME_FROM if verb == Verb.SEEKED else Extension.TIME]
            if end > start:
                found[block].append((start, end))
    return found


def _videos(course: str, history: list[dict[str, Any]], structure: Structure, counts: dict[str, Counter[Any]]) -> None:
    watched = watched_intervals(history)
    for block, intervals in watched.items():
        milliseconds = [(round(start * 1000), round(end * 1000)) for start, end in intervals]
        seen = bytearray(max(end for _, end in milliseconds))
        for start, end in milliseconds:
            seen[start:end] = b"x" * (end - start)
        full = seen.count(b"x") >= 950 * structure.blocks[block].length
        counts["video_intervals"][course, block] += len(intervals)
        counts["video_total_milliseconds"][course, block] += sum(end - start for start, end in milliseconds)
        counts["video_watched_milliseconds"][course, block] += seen.count(b"x")
        counts["video_views"][course, block, int(full)] += 1
        covered = [second for start, end in milliseconds for second in range(start // 1000, (end - 1) // 1000 + 1)]
        counts["video_segment_views"].update((course, block, second) for second in covered)
        counts["video_segment_viewers"].update((course, block, second) for second in set(covered))
    for sequence, viewed in Counter(structure.sequence_of[block] for block in watched).items():
        total = structure.number(sequence, Video)
        counts["video_engagement"][course, sequence.block_id, viewed, total] += 1


def _sequences(course: str, history: list[dict[str, Any]], counts: dict[str, Counter[Any]]) -> None:
    scores = {
        block_of(one)[0]: one["result"]["score"]["scaled"]
        for one in history
        if one["verb"]["id"] == Verb.EARNED and "type@sequential" in one["object"]["id"]
    }
    for block, score in scores.items():
        counts["subsection_grades"][course, block, round(score * 100)] += 1


def _standing(course: str, history: list[dict[str, Any]], counts: dict[str, Counter[Any]]) -> None:
    def latest(*verbs: str) -> dict[str, Any] | None:
        return next((one for one in reversed(history) if one["verb"]["id"] in verbs), None)

    enrollment, registered = latest(Verb.REGISTERED, Verb.UNREGISTERED), latest(Verb.REGISTERED)
    visited = latest(Verb.NAVIGATED) or registered
    assert enrollment
    assert registered
    assert visited
    status = "registered" if enrollment["verb"]["id"] == Verb.REGISTERED else "unregistered"
    mode = enrollment["object"]["definition"]["extensions"][Extension.TYPE]
    grade, state = None, ""
    for one in history:
        if one["verb"]["id"] == Verb.EARNED and one["object"]["definition"]["type"] == Activity.COURSE:
            grade = one["result"]["score"]["scaled"]
            state = "passed" if one["result"]["extensions"][Extension.CLASSIFICATION] == "Pass" else "failed"
        elif one["verb"]["id"] in (Verb.PASSED, Verb.FAILED):
            state = "passed" if one["verb"]["id"] == Verb.PASSED else "failed"
    grades = "" if grade is None else bucket(grade)
    counts["learner_summary"][course, status, mode, state, grades] += 1
    counts["enrollment_days"][course, registered["timestamp"][:10]] += 1
    counts["last_visits"][course, visited["timestamp"][:10]] += 1
    if status == "registered" and state != "passed":
        counts["at_risk_learners"][course, visited["timestamp"][:10]] += 1
    counts["enrollees"][course] += status == "registered"
    counts["passed"][course] += state == "passed"
    if status == "registered" and grade is not None:
        counts["grades"][course, round(grade * 100)] += 1


def _comparison(counts: dict[str, Counter[Any]]) -> Keyed:
    found: Keyed = {}
    for figure in ("enrollees", "passed"):
        found |= {(course, figure): number for course, number in counts.pop(figure).items()}
    grades: dict[str, list[int]] = defaultdict(list)
    for (course, grade), learners in counts.pop("grades").items():
        grades[course] += [grade] * learners
    for course, values in grades.items():
        found[course, "average_grade"] = mean(values)
        found[course, "median_grade"] = median(values)
    return found


def count_structure(courses: list[Course]) -> dict[str, Keyed]:
    """The measures on what courses are made of."""
    tags = {(course.key, "Subject", course.area): 1 for course in courses}
    tags |= {(course.key, "Level", course.level): 1 for course in courses}
    blocks = Counter(
        (course.key, block.kind, int(block.graded)) for course in courses for block in blocks_in_order(course)
    )
    return {"course_tags": tags, "blocks": blocks}
