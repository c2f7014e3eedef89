"""What each event puts into its statement: the object, the result, and more of the context.

The shapes are those of event-routing-backends. A generator's time goes into writing JSON, so what does not
change between statements is written once: the objects of a block, the parts that name a course.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from aspects.fake import action as happened
from aspects.fake.action import Answer, Check, ExamAttempt, Post, Score, Seek, Step
from aspects.fake.course import DAY, SECOND, Block, Course, Problem, Subsection, Video, day_of
from aspects.xapi.vocabulary import Activity, Extension

_EXAM_TYPES: Final = {
    "timed": Activity.TIMED_EXAM,
    "practice": Activity.PRACTICE_EXAM,
    "proctored": Activity.PROCTORED_EXAM,
}
_CAPTIONS_ON: Final = frozenset({happened.TRANSCRIPT_SHOWN, happened.CAPTIONS_SHOWN, happened.CAPTION_MENU_SHOWN})
_TYPED_POSTS: Final = frozenset({happened.THREAD_CREATED, happened.THREAD_VOTED, happened.RESPONSE_VOTED})
_REPLIES: Final = frozenset({happened.RESPONSE_CREATED, happened.COMMENT_CREATED})


class Parts(NamedTuple):
    """Texts of JSON: the object; then, each with a comma before it, the result, what the context's extensions
    have besides, and the rest of the context."""

    target: str
    result: str
    extensions: str
    context: str


CLOCK: Final = tuple(
    f"{hour:02d}:{minute:02d}:{second:02d}." for hour in range(24) for minute in range(60) for second in range(60)
)
"""The time of day at each second."""


def timestamp(time: int) -> str:
    """A time as Open edX writes it: UTC, with microseconds."""
    seconds, micro = divmod(time, SECOND)
    day, second = divmod(seconds, 86_400)
    return f"{day_text(day)}{CLOCK[second]}{micro:06d}+00:00"


@lru_cache(maxsize=1 << 16)
def day_text(day: int) -> str:
    """A day, counted from 1970, as a timestamp begins: `2026-03-01T`."""
    return f"{day_of(day * DAY).isoformat()}T"


def as_json(value: object) -> str:
    """A value as JSON."""
    return orjson.dumps(value).decode()


class CourseText:
    """The parts of statements that a course's own facts decide."""

    def __init__(self, lms_url: str, course: Course) -> None:
        self.lms_url = lms_url
        self.course = course
        self.iri = f"{lms_url}/course/{course.key}"
        self._name = as_json(course.name)
        self.as_parent = (
            f'{{"id":"{self.iri}","objectType":"Activity",'
            f'"definition":{{"name":{{"en-US":{self._name}}},"type":"{Activity.COURSE}"}}}}'
        )
        self.parent = f',"contextActivities":{{"parent":[{self.as_parent}]}}'
        self.graded = self._course("")
        self._enrolled: dict[str, str] = {}
        self._blocks: dict[tuple[str, str], str] = {}
        self.tails: dict[Any, Any] = {}
        """What statements of this course have in common, by event, block and detail; Scribe fills it."""

    def _course(self, more: str) -> str:
        return (
            f'{{"id":"{self.iri}","objectType":"Activity",'
            f'"definition":{{"type":"{Activity.COURSE}","name":{{"en":{self._name}}}{more}}}}}'
        )

    def with_mode(self, mode: str) -> str:
        """The course as the object of an enrollment; no mode for passed and failed."""
        if mode not in self._enrolled:
            self._enrolled[mode] = self._course(f',"extensions":{as_json({Extension.TYPE: mode} if mode else {})}')
        return self._enrolled[mode]

    def block(self, block: Block, activity: str, suffix: str = "", more: str = "") -> str:
        """A block as an object."""
        key = (block.block_id, activity + suffix + more)
        if key not in self._blocks:
            self._blocks[key] = (
                f'{{"id":"{self.lms_url}/xblock/{block.block_id}{suffix}","objectType":"Activity",'
                f'"definition":{{"type":"{activity}"{more}}}}}'
            )
        return self._blocks[key]

    def group(self, problem: Problem, check: Check) -> str:
        """A problem of several questions as an object; it is described by the first one."""
        prompt = as_json(problem.questions[check.answers[0].question - 1].prompt)
        return (
            f'{{"id":"{self.lms_url}/xblock/{problem.block_id}","objectType":"GroupActivity",'
            f'"definition":{{"type":"{Activity.INTERACTION}","interactionType":"other","description":{{"en-US":{prompt}}}'
            f"{_attempt(check)}}}}}"
        )

    def jump_to(self, block: Block, activity: str, name: str = "") -> str:
        """A link into the course as an object."""
        label = f',"name":{{"en":{as_json(name)}}}' if name else ""
        return (
            f'{{"id":"{self.lms_url}/courses/{self.course.key}/jump_to/{block.block_id}","objectType":"Activity",'
            f'"definition":{{"type":"{activity}"{label}}}}}'
        )


def _true(value: bool) -> str:
    return "true" if value else "false"


def _points(earned: float, possible: float) -> str:
    return f'"score":{{"scaled":{earned / possible if possible else 0},"raw":{earned},"min":0,"max":{possible}}}'


def _attempt(check: Check) -> str:
    return f',"extensions":{{"{Extension.ATTEMPT_ID}":{check.attempt}}}' if check.attempt else ""


def _question(problem: Problem, answer: Answer) -> str:
    question = problem.questions[answer.question - 1]
    return f',"interactionType":"{question.interaction}","description":{{"en-US":{as_json(question.prompt)}}}'


def group_parts(text: CourseText, problem: Problem, check: Check) -> Parts:
    """A check of several questions as a whole: it has the score, and the response and success of the first one."""
    first = check.answers[0]
    points = _points(check.earned, check.possible)
    result = f',"result":{{"response":{as_json(first.text)},{points},"success":{_true(first.right)}}}'
    return Parts(text.group(problem, check), result, "", text.parent)


def question_parts(text: CourseText, problem: Problem, check: Check, answer: Answer, group_id: str) -> Parts:
    """One question of a check of several: it has the response; `group_id` is the whole's statement."""
    suffix = f"_{answer.question + 1}_1"
    target = text.block(problem, Activity.INTERACTION, suffix, _question(problem, answer) + _attempt(check))
    result = f',"result":{{"response":{as_json(answer.text)},"success":{_true(answer.right)}}}'
    context = (
        f',"contextActivities":{{"parent":[{text.group(problem, check)}],"grouping":[{text.as_parent}]}},'
        f'"statement":{{"objectType":"StatementRef","id":"{group_id}"}}'
    )
    return Parts(target, result, "", context)


def _enrollment(text: CourseText, block: None, mode: str, event: str) -> Parts:
    return Parts(text.with_mode(mode), "", "", "")


def _course_result(text: CourseText, block: None, detail: None, event: str) -> Parts:
    return Parts(text.with_mode(""), "", "", "")


def _course_grade(text: CourseText, block: None, score: Score, event: str) -> Parts:
    letter = f'"extensions":{{"{Extension.CLASSIFICATION}":"{"Pass" if score.passed else "Fail"}"}}'
    return Parts(text.graded, f',"result":{{{_points(score.earned, score.possible)},{letter}}}', "", text.parent)


def _scored(text: CourseText, block: Block, score: Score, event: str) -> Parts:
    activity = Activity.RESOURCE if event == happened.SUBSECTION_GRADED else Activity.QUESTION
    success = _true(score.earned >= score.possible)
    result = f',"result":{{{_points(score.earned, score.possible)},"success":{success}}}'
    return Parts(text.block(block, activity), result, "", text.parent)


def _checked(text: CourseText, problem: Problem, check: Check, event: str) -> Parts:
    answer = check.answers[0]
    target = text.block(problem, Activity.INTERACTION, "", _question(problem, answer) + _attempt(check))
    points = _points(check.earned, check.possible)
    result = f',"result":{{"response":{as_json(answer.text)},{points},"success":{_true(answer.right)}}}'
    return Parts(target, result, "", text.parent)


def _check_sent(text: CourseText, problem: Problem, detail: None, event: str) -> Parts:
    return Parts(text.block(problem, Activity.INTERACTION, "", ',"interactionType":"other"'), "", "", text.parent)


def _problem_completed(text: CourseText, problem: Problem, detail: None, event: str) -> Parts:
    # The library writes the block's id as it is here, without the LMS before it.
    definition = f'"definition":{{"type":"{Activity.INTERACTION}"}}'
    return Parts(f'{{"id":"{problem.block_id}","objectType":"Activity",{definition}}}', "", "", text.parent)


def _block_completed(text: CourseText, block: Block, detail: None, event: str) -> Parts:
    result = f',"result":{{"completion":true,"extensions":{{"{Extension.PROGRESS}":100.0}}}}'
    return Parts(text.block(block, Activity.RESOURCE), result, "", text.parent)


def _answer_shown(text: CourseText, problem: Problem, detail: None, event: str) -> Parts:
    return Parts(text.block(problem, Activity.SOLUTION, "/answer"), "", "", text.parent)


def _hint_shown(text: CourseText, problem: Problem, hint: int, event: str) -> Parts:
    return Parts(text.block(problem, Activity.HINT, f"/hint/{hint}"), "", "", text.parent)


def _step(text: CourseText, sequence: Block, step: Step, event: str) -> Parts:
    target = {happened.NEXT: '"next unit"', happened.PREVIOUS: '"previous unit"'}.get(event, str(step.target))
    extensions = f',"{Extension.STARTING_POSITION}":{step.start},"{Extension.ENDING_POINT}":{target}'
    total = f',"extensions":{{"{Extension.TOTAL_ITEMS}":{step.total}}}'
    return Parts(text.block(sequence, Activity.RESOURCE, "", total), "", extensions, text.parent)


def _link(text: CourseText, block: Block, detail: None, event: str) -> Parts:
    return Parts(text.jump_to(block, Activity.LINK), "", "", text.parent)


def _outline(text: CourseText, block: Block, detail: None, event: str) -> Parts:
    return Parts(text.jump_to(block, Activity.MODULE, block.name), "", "", text.parent)


def _video(text: CourseText, video: Video, result: str) -> Parts:
    extensions = f',"{Extension.VIDEO_LENGTH}":{video.length}'
    return Parts(text.block(video, Activity.VIDEO), result, extensions, text.parent)


def _video_loaded(text: CourseText, video: Video, detail: None, event: str) -> Parts:
    return _video(text, video, "")


def _video_position(text: CourseText, video: Video, position: float, event: str) -> Parts:
    return _video(text, video, f',"result":{{"extensions":{{"{Extension.TIME}":{position}}}}}')


def _video_completed(text: CourseText, video: Video, position: float, event: str) -> Parts:
    extensions = f'"extensions":{{"{Extension.TIME}":{video.length}}}'
    return _video(text, video, f',"result":{{{extensions},"completion":true,"duration":"{_duration(video.length)}"}}')


def _duration(length: float) -> str:
    """Seconds, with one digit behind the point, as an ISO 8601 duration."""
    minutes, seconds = divmod(length, 60)
    hours, minutes = divmod(int(minutes), 60)
    larger = f"{hours:02d}H{minutes:02d}M" if hours else f"{minutes:02d}M" if minutes else ""
    return f"PT{larger}{seconds:0{4 if length % 1 else 2}.{1 if length % 1 else 0}f}S"


def _video_seeked(text: CourseText, video: Video, seek: Seek, event: str) -> Parts:
    positions = f'"{Extension.TIME_FROM}":{seek.start},"{Extension.TIME_TO}":{seek.target}'
    return _video(text, video, f',"result":{{"extensions":{{{positions}}}}}')


def _video_speed(text: CourseText, video: Video, speeds: Seek, event: str) -> Parts:
    values = f'"{Extension.SPEED_FROM}":"{speeds.start}x","{Extension.SPEED_TO}":"{speeds.target}x"'
    return _video(text, video, f',"result":{{"extensions":{{{values}}}}}')


def _captions(text: CourseText, video: Video, position: float, event: str) -> Parts:
    # The library takes a position of 0 for none here.
    time = f'"{Extension.TIME}":{position},' if position else ""
    values = f'{time}"{Extension.CAPTIONS}":{_true(event in _CAPTIONS_ON)}'
    return _video(text, video, f',"result":{{"extensions":{{{values}}}}}')


def _forum(text: CourseText, block: None, post: Post, event: str) -> Parts:
    forum = f"{text.lms_url}/api/discussion/v1"
    name = f',"name":{{"en":{as_json(post.title)}}}' if post.title else ""
    target = (
        f'{{"id":"{forum}/{"comments" if post.thread else "threads"}/{post.identifier}","objectType":"Activity",'
        f'"definition":{{"type":"{Activity.DISCUSSION}"{name}}}}}'
    )
    extensions = f',"{Extension.TYPE}":"{post.value}"' if event in _TYPED_POSTS else ""
    if event not in _REPLIES:
        return Parts(target, "", extensions, text.parent)
    thread = (
        f'{{"id":"{forum}/threads/{post.thread}","objectType":"Activity",'
        f'"definition":{{"type":"{Activity.DISCUSSION}"}}}}'
    )
    context = f',"contextActivities":{{"parent":[{text.as_parent}],"grouping":[{thread}]}}'
    return Parts(target, "", extensions, context)


def _exam(text: CourseText, sequence: Subsection, attempt: ExamAttempt, event: str) -> Parts:
    name = as_json(sequence.name)
    target = (
        f'{{"id":"{sequence.block_id}","objectType":"Activity","definition":{{"type":"{_EXAM_TYPES[sequence.exam]}",'
        f'"name":{{"en":{name}}},"extensions":{{"{Extension.TIME_LIMIT}":{sequence.time_limit}}}}}}}'
    )
    times: dict[str, object] = {Extension.ATTEMPT_STARTED: timestamp(attempt.started)}
    if attempt.completed:
        times[Extension.ATTEMPT_COMPLETED] = timestamp(attempt.completed)
        times[Extension.DURATION] = (attempt.completed - attempt.started) / SECOND
    times[Extension.ATTEMPT_ID] = attempt.number
    grouping = (
        f'{{"id":"{attempt.code}","objectType":"Activity","definition":{{"name":{{"en":{name}}},'
        f'"type":"{Activity.EXAM_ATTEMPT}","extensions":{as_json(times)}}}}}'
    )
    return Parts(target, "", "", f',"contextActivities":{{"parent":[{text.as_parent}],"grouping":[{grouping}]}}')


PARTS_OF: Final[dict[str, Callable[[CourseText, Any, Any, str], Parts]]] = {
    happened.COURSE_GRADED: _course_grade,
    happened.PROBLEM_CHECKED: _checked,
    happened.PROBLEM_CHECK_SENT: _check_sent,
    happened.PROBLEM_COMPLETED: _problem_completed,
    happened.BLOCK_COMPLETED: _block_completed,
    happened.ANSWER_SHOWN: _answer_shown,
    happened.HINT_SHOWN: _hint_shown,
    happened.LINK: _link,
    happened.VIDEO_LOADED: _video_loaded,
    happened.VIDEO_COMPLETED: _video_completed,
    happened.VIDEO_SEEKED: _video_seeked,
    happened.VIDEO_SPEED: _video_speed,
    **dict.fromkeys((happened.ENROLLED, happened.MODE_CHANGED, happened.UNENROLLED), _enrollment),
    **dict.fromkeys((happened.PASSED_FIRST, happened.NOW_PASSED, happened.NOW_FAILED), _course_result),
    **dict.fromkeys((happened.SUBSECTION_GRADED, happened.PROBLEM_SUBMITTED), _scored),
    **dict.fromkeys((happened.NEXT, happened.PREVIOUS, happened.TAB), _step),
    **dict.fromkeys((happened.OUTLINE, happened.SEQUENCE_OUTLINE), _outline),
    **dict.fromkeys((happened.VIDEO_PLAYED, happened.VIDEO_PAUSED, happened.VIDEO_STOPPED), _video_position),
    **dict.fromkeys(happened.CAPTION_EVENTS, _captions),
    **dict.fromkeys(happened.FORUM_EVENTS, _forum),
    **dict.fromkeys(happened.EXAM_EVENTS.values(), _exam),
}
"""For each event the function that makes its parts, of the course's texts, the block, the detail and the event."""
