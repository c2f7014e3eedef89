"""What the warehouse must show of pages, problems, subsections and learners, in plain Python.

It follows the definitions statement by statement and knows nothing of SQL.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import datetime
from statistics import fmean, median
from typing import Any

from tests.integration.learning import Place

Said = dict[str, Any]
Table = list[tuple[Any, ...]]
STARTING = "http://id.tincanapi.com/extension/starting-position"
ENDING = "http://id.tincanapi.com/extension/ending-point"
ATTEMPT = "http://id.tincanapi.com/extension/attempt-id"


def learning_tables(history: list[Said], structure: dict[str, list[Place]]) -> dict[str, Table]:
    """Each table's rows. The history is in the order of its times and ids; the structure is by course, in order."""
    visits = _visits(history, structure)
    responses = _responses(history)
    return {
        "page_visits": [(*key, min(times), max(times)) for key, times in visits.items()],
        "page_views": _views(visits, structure),
        "page_engagement": _engagement(
            {(course, actor, unit) for course, actor, _, unit in visits}, structure, "vertical", by_graded=False
        ),
        "problem_responses": responses,
        "problem_results": _results(responses, structure),
        "problem_totals": _totals(_results(responses, structure)),
        "problem_engagement": _engagement(
            {(course, actor, block) for course, actor, block, *_ in responses}, structure, "problem", by_graded=True
        ),
        "problem_help": _help(history),
        "subsection_grades": _subsection_grades(history),
    }


def course_of(said: Said) -> str:
    activities = said.get("context", {}).get("contextActivities", {})
    parent = next(iter(activities.get("parent", [])), None)
    named = said["object"]
    if parent:
        is_course = parent.get("definition", {}).get("type", "").endswith("/course")
        named = parent if is_course else activities["grouping"][0]
    return str(named["id"]).rsplit("/", 1)[1]


def block_of(said: Said) -> tuple[str, str]:
    """The block that a statement is about, and the question."""
    found = re.search(r"(?:ccx-)?block-v1:[^/]+", said["object"]["id"])
    if not found:
        return "", ""
    block, question = re.match(r"(.*?)(?:_(\d+_\d+))?$", found[0]).groups()  # type: ignore[union-attr]  # the pattern matches any text
    return block, question or ""


def _verb(said: Said) -> str:
    return str(said["verb"]["id"]).rsplit("/", 1)[1]


def _actor(said: Said) -> str:
    return str(said["actor"]["account"]["name"])


def _time(said: Said) -> datetime:
    return datetime.fromisoformat(said["timestamp"])


def _visits(history: list[Said], structure: dict[str, list[Place]]) -> dict[tuple[str, ...], list[datetime]]:
    """The times at which each (course, actor, subsection, unit) was visited."""
    found: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
    for said in history:
        if _verb(said) != "navigated":
            continue
        course, (block, _) = course_of(said), block_of(said)
        blocks = structure.get(course, [])
        unit = next((one for one in blocks if one.kind == "vertical" and one.block_id == block), None)
        sequence = next((one for one in blocks if one.kind == "sequential" and one.block_id == block), None)
        steps = said["context"].get("extensions", {})
        if sequence and steps:
            start, end = steps[STARTING], steps[ENDING]
            position = {"next unit": start + 1, "previous unit": start - 1}.get(end, end)
            inside = [
                one
                for one in blocks
                if one.kind == "vertical" and (one.section, one.subsection) == (sequence.section, sequence.subsection)
            ]
            unit = inside[position - 1] if 1 <= position <= len(inside) else None
        if unit:
            found[course, _actor(said), _parent(unit, blocks).block_id, unit.block_id].append(_time(said))
    return found


def _views(visits: dict[tuple[str, ...], list[datetime]], structure: dict[str, list[Place]]) -> Table:
    """(course, actor, day, subsection, unit), once for each view."""
    names = {
        (course, one.block_id): f"{one.section}:{one.subsection} - {one.name}"
        for course, blocks in structure.items()
        for one in blocks
        if one.kind == "sequential"
    }
    return [
        (course, actor, time.date(), names[course, subsection], unit)
        for (course, actor, subsection, unit), times in visits.items()
        for time in times
    ]


def _parent(place: Place, blocks: list[Place]) -> Place:
    """The subsection that a block is in."""
    where = (place.section, place.subsection)
    return next(one for one in blocks if one.kind == "sequential" and (one.section, one.subsection) == where)


def _engagement(
    done: set[tuple[str, str, str]], structure: dict[str, list[Place]], kind: str, by_graded: bool
) -> Table:
    """(course, actor, section, subsection, its id[, graded], done, total)."""
    rows: Table = []
    for course, blocks in structure.items():
        wanted = [one for one in blocks if one.kind == kind]
        titles = {one.section: one.name for one in blocks if one.kind == "chapter"}
        of_a_kind = Counter((_parent(one, blocks), one.graded) for one in wanted)
        in_subsection = Counter(_parent(one, blocks) for one in wanted)
        for actor in {who for where, who, _ in done if where == course}:
            mine = [one for one in wanted if (course, actor, one.block_id) in done]
            for (sequence, graded), count in Counter((_parent(one, blocks), one.graded) for one in mine).items():
                section = f"{sequence.section} - {titles[sequence.section]}"
                name = f"{sequence.section}:{sequence.subsection} - {sequence.name}"
                place = (course, actor, section, name, sequence.block_id)
                if by_graded:
                    rows.append((*place, graded, count, of_a_kind[sequence, graded]))
                else:
                    rows.append((*place, count, in_subsection[sequence]))
    return rows


def _responses(history: list[Said]) -> Table:
    """(course, actor, block, question, first …, last …)."""
    checks: dict[tuple[str, str, str], dict[str, list[tuple[Any, ...]]]] = defaultdict(lambda: defaultdict(list))
    for said in history:
        if _verb(said) == "evaluated" and said["object"].get("objectType") != "GroupActivity":
            block, question = block_of(said)
            mine = checks[course_of(said), _actor(said), block][question]
            number = said["object"]["definition"].get("extensions", {}).get(ATTEMPT, len(mine) + 1)
            result = said["result"]
            mine.append((number, _time(said), said["id"], result["success"], result.get("response", "")))
    rows: Table = []
    for key, questions in checks.items():
        for question, mine in questions.items():
            first, last = min(mine), max(mine)
            rows.append((*key, question, first[4], first[3], first[1], last[4], last[3], last[0], last[1]))
    return rows


def _results(responses: Table, structure: dict[str, list[Place]]) -> Table:
    """(course, actor, block, graded, attempts, correct, correct at first)."""
    problems: dict[tuple[str, str, str], Table] = defaultdict(list)
    for row in responses:
        problems[row[0], row[1], row[2]].append(row)
    graded = {(course, one.block_id): one.graded for course, blocks in structure.items() for one in blocks}
    return [
        (
            *key, graded.get((key[0], key[2]), False), max(row[9] for row in rows), all(row[8] for row in rows),
            all(row[5] for row in rows),
        )
        for key, rows in problems.items()
    ]  # fmt: skip


def _totals(results: Table) -> Table:
    """(course, block, learners, correct, correct at first, mean of attempts)."""
    problems: dict[tuple[str, str], Table] = defaultdict(list)
    for row in results:
        problems[row[0], row[2]].append(row)
    return [
        (*key, len(rows), sum(row[5] for row in rows), sum(row[6] for row in rows),
         round(fmean(row[4] for row in rows), 9))
        for key, rows in problems.items()
    ]  # fmt: skip


def _help(history: list[Said]) -> Table:
    """(course, block, hint or answer, actor, times)."""
    shown = Counter(
        (
            course_of(said), block_of(said)[0], "answer" if said["object"]["id"].endswith("/answer") else "hint",
            _actor(said),
        )
        for said in history
        if _verb(said) == "asked"
    )  # fmt: skip
    return [(*key, times) for key, times in shown.items()]


def _subsection_grades(history: list[Said]) -> Table:
    """(course, actor, subsection, percent, when)."""
    latest = {
        (course_of(said), _actor(said), block_of(said)[0]): (100 * said["result"]["score"]["scaled"], _time(said))
        for said in history
        if _verb(said) == "earned" and block_of(said)[0]
    }
    return [(*key, *grade) for key, grade in latest.items()]


def last_visits(history: list[Said]) -> dict[tuple[str, str], datetime]:
    """The latest navigation of each (course, actor)."""
    return {(course_of(said), _actor(said)): _time(said) for said in history if _verb(said) == "navigated"}


def summaries(history: list[Said], enrollments: Table, grades: Table, now: datetime) -> dict[str, Table]:
    """Learners and courses, of the rows of `enrollments` and `course_grades`, as of `now`."""
    visits = last_visits(history)
    graded = {(row[0], row[1]): row[2:] for row in grades}
    learners: Table = []
    for course, actor, status, mode, enrolled_at in enrollments:
        seen = visits.get((course, actor), enrolled_at)
        percent, state, bucket = graded.get((course, actor), (None, "", ""))
        at_risk = status == "registered" and state != "passed" and (now - seen).days >= 7
        learners.append((course, actor, status, mode, enrolled_at, seen, percent, bucket, state, at_risk))
    compared: Table = []
    for course in {course_of(said) for said in history}:
        enrolled = [row for row in learners if row[0] == course and row[2] == "registered"]
        percents = [row[6] for row in enrolled if row[6] is not None]
        compared.append(
            (
                course, len(enrolled), sum(row[1] == "passed" for key, row in graded.items() if key[0] == course),
                sum(row[9] for row in enrolled), round(fmean(percents), 6) if percents else None,
                round(median(percents), 6) if percents else None,
            )
        )  # fmt: skip
    return {
        "learner_summary": learners,
        "at_risk_learners": [row[:9] for row in learners if row[9]],
        "course_comparison": compared,
    }
