"""What one learner did in one course, counted for the measures on pages, problems, videos and grades.

The rules are those of the product's definitions (docs/data.md lists the measures). Positions in videos are
kept in whole milliseconds, so that sums do not depend on an order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from functools import lru_cache
from math import ceil
from typing import Any, Final

from aspects.fake import action as happened
from aspects.fake.action import Check, Score, Seek, Step
from aspects.fake.course import Block, Course, Problem, Subsection, Unit, Video

Counts = Mapping[str, Counter[Any]]
FULL_VIEW: Final = 0.95
"""The share of a video that a full view covers."""
_MILLISECONDS: Final = 1000


class Response:
    """The answers to one question: the first, the last, and how many there were."""

    __slots__ = ("answers", "first", "first_right", "last", "last_right")

    def __init__(self, text: str, right: bool) -> None:
        self.first = self.last = text
        self.first_right = self.last_right = right
        self.answers = 1

    def again(self, text: str, right: bool) -> None:
        self.last, self.last_right = text, right
        self.answers += 1


class Tally:
    """Takes a learner's actions in a course in order of time."""

    __slots__ = ("course", "help", "intervals", "last_visit", "pages", "playing", "responses", "scores")

    def __init__(self, course: Course) -> None:
        self.course = course
        self.pages: set[Unit] = set()
        self.last_visit = 0
        self.responses: dict[tuple[Problem, str], Response] = {}
        self.help: Counter[tuple[Problem, str]] = Counter()
        self.playing: dict[Video, int] = {}
        self.intervals: dict[Video, list[tuple[int, int]]] = {}
        self.scores: dict[Subsection, Score] = {}

    def step(self, time: int, sequence: Subsection, step: Step) -> None:
        self.pages.add(sequence.units[step.target - 1])
        self.last_visit = time

    def visit(self, time: int, unit: Unit, detail: None) -> None:
        self.pages.add(unit)
        self.last_visit = time

    def check(self, time: int, problem: Problem, check: Check) -> None:
        for answer in check.answers:
            key = (problem, f"{answer.question + 1}_1" if len(problem.questions) > 1 else "")
            known = self.responses.get(key)
            if known is None:
                self.responses[key] = Response(answer.text, answer.right)
            else:
                known.again(answer.text, answer.right)

    def hint(self, time: int, problem: Problem, number: int) -> None:
        self.help[problem, "hint"] += 1

    def answer(self, time: int, problem: Problem, detail: None) -> None:
        self.help[problem, "answer"] += 1

    def play(self, time: int, video: Video, position: float) -> None:
        self.playing[video] = 0 if position >= video.length else round(position * _MILLISECONDS)

    def stop(self, time: int, video: Video, position: float) -> None:
        start = self.playing.pop(video, None)
        if start is not None:
            end = round(position * _MILLISECONDS)
            if end > start:
                self.intervals.setdefault(video, []).append((start, end))

    def seek(self, time: int, video: Video, seek: Seek) -> None:
        self.stop(time, video, seek.start)

    def score(self, time: int, sequence: Subsection, score: Score) -> None:
        self.scores[sequence] = score

    def count(self, counts: Counts) -> None:
        """Add what the learner's actions come to."""
        course = self.course.key
        self._count_pages(course, counts)
        self._count_problems(course, counts)
        self._count_videos(course, counts)
        for (problem, shown), times in self.help.items():
            counts["problem_help"][course, problem.block_id, shown] += times
            counts["problem_help_learners"][course, problem.block_id, shown] += 1
        for sequence, score in self.scores.items():
            percent = round(100 * score.earned / score.possible)
            counts["subsection_grades"][course, sequence.block_id, percent] += 1

    def _count_pages(self, course: str, counts: Counts) -> None:
        for unit in self.pages:
            counts["page_visits"][course, _subsection(self.course, unit).block_id, unit.block_id] += 1
        viewed = Counter(_subsection(self.course, unit) for unit in self.pages)
        for sequence, pages in viewed.items():
            counts["page_engagement"][course, sequence.block_id, pages, len(sequence.units)] += 1

    def _count_problems(self, course: str, counts: Counts) -> None:
        results: dict[Problem, list[Response]] = {}
        for (problem, question), response in self.responses.items():
            results.setdefault(problem, []).append(response)
            key = (course, problem.block_id, question)
            counts["problem_first_responses"][*key, response.first, int(response.first_right)] += 1
            counts["problem_last_responses"][*key, response.last, int(response.last_right)] += 1
        for problem, responses in results.items():
            attempts = max(response.answers for response in responses)
            right = int(all(response.last_right for response in responses))
            right_first = int(all(response.first_right for response in responses))
            counts["problem_results"][course, problem.block_id, attempts, right, right_first] += 1
        attempted = Counter(_subsection(self.course, problem) for problem in results)
        for sequence, number in attempted.items():
            key_of_sequence = (course, sequence.block_id, int(sequence.graded))
            counts["problem_engagement"][*key_of_sequence, number, len(sequence.problems)] += 1

    def _count_videos(self, course: str, counts: Counts) -> None:
        for video, intervals in self.intervals.items():
            block = video.block_id
            watched = union(intervals)
            seconds = sum(end - start for start, end in watched)
            full = int(seconds >= FULL_VIEW * _MILLISECONDS * video.length)
            counts["video_views"][course, block, full] += 1
            counts["video_watched_milliseconds"][course, block] += seconds
            counts["video_intervals"][course, block] += len(intervals)
            counts["video_total_milliseconds"][course, block] += sum(end - start for start, end in intervals)
            _cover(counts["video_segment_views"], (course, block), [_seconds(one) for one in intervals])
            _cover(counts["video_segment_viewers"], (course, block), union([_seconds(one) for one in intervals]))
        viewed = Counter(_subsection(self.course, video) for video in self.intervals)
        for sequence, number in viewed.items():
            total = sum(isinstance(block, Video) for unit in sequence.units for block in unit.blocks)
            counts["video_engagement"][course, sequence.block_id, number, total] += 1


def union(intervals: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What the intervals cover together, as intervals that do not touch."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(intervals):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _seconds(interval: tuple[int, int]) -> tuple[int, int]:
    """From which second, up to which one, an interval of milliseconds covers some of each."""
    return interval[0] // _MILLISECONDS, ceil(interval[1] / _MILLISECONDS)


def _cover(changes: Counter[Any], key: tuple[str, str], intervals: list[tuple[int, int]]) -> None:
    """Note where the number that cover a second goes up and down: a sum makes the numbers of it."""
    for start, end in intervals:
        changes[*key, start] += 1
        changes[*key, end] -= 1


def _subsection(course: Course, block: Block) -> Subsection:
    return _subsections(course)[block.section, block.subsection]


@lru_cache(maxsize=256)
def _subsections(course: Course) -> dict[tuple[int, int], Subsection]:
    return {(one.section, one.subsection): one for one in course.subsections}


NOTED: Final[dict[str, Callable[[Tally, int, Any, Any], None]]] = {
    **dict.fromkeys((happened.NEXT, happened.PREVIOUS, happened.TAB), Tally.step),
    **dict.fromkeys((happened.OUTLINE, happened.SEQUENCE_OUTLINE, happened.LINK), Tally.visit),
    happened.PROBLEM_CHECKED: Tally.check,
    happened.HINT_SHOWN: Tally.hint,
    happened.ANSWER_SHOWN: Tally.answer,
    happened.VIDEO_PLAYED: Tally.play,
    **dict.fromkeys((happened.VIDEO_PAUSED, happened.VIDEO_STOPPED, happened.VIDEO_COMPLETED), Tally.stop),
    happened.VIDEO_SEEKED: Tally.seek,
    happened.SUBSECTION_GRADED: Tally.score,
}
"""The events that a tally takes, each with what it makes of the time, the block and the detail."""
