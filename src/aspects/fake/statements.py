"""Actions as xAPI statements, in the shape and with the ids that event-routing-backends gives them.

A generator's time goes into writing JSON, so what does not change between statements is written once: the
actor for a learner, the objects for a block, and the statement is put together from these texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha1
from typing import Final
from uuid import NAMESPACE_DNS, uuid5

import orjson

from aspects.fake import action as happened
from aspects.fake.action import Action, Answer, Check, ExamAttempt, Post, Score, Seek, Step
from aspects.fake.course import DAY, SECOND, Block, Course, Problem, Video, day_of
from aspects.xapi.vocabulary import VERSION, Activity, Extension, Verb, display

TRANSFORMER: Final = "event-routing-backends@9.3.8"

VERB_OF: Final[dict[str, str]] = {
    happened.ENROLLED: Verb.REGISTERED,
    happened.MODE_CHANGED: Verb.REGISTERED,
    happened.UNENROLLED: Verb.UNREGISTERED,
    happened.PASSED_FIRST: Verb.PASSED,
    happened.NOW_PASSED: Verb.PASSED,
    happened.NOW_FAILED: Verb.FAILED,
    happened.COURSE_GRADED: Verb.EARNED,
    happened.SUBSECTION_GRADED: Verb.EARNED,
    happened.PROBLEM_SUBMITTED: Verb.ATTEMPTED,
    happened.PROBLEM_CHECKED: Verb.EVALUATED,
    happened.PROBLEM_CHECK_SENT: Verb.ATTEMPTED,
    happened.PROBLEM_COMPLETED: Verb.COMPLETED,
    happened.BLOCK_COMPLETED: Verb.PROGRESSED,
    happened.ANSWER_SHOWN: Verb.ASKED,
    happened.HINT_SHOWN: Verb.ASKED,
    happened.NEXT: Verb.NAVIGATED,
    happened.PREVIOUS: Verb.NAVIGATED,
    happened.TAB: Verb.NAVIGATED,
    happened.LINK: Verb.NAVIGATED,
    happened.OUTLINE: Verb.NAVIGATED,
    happened.SEQUENCE_OUTLINE: Verb.NAVIGATED,
    happened.VIDEO_LOADED: Verb.INITIALIZED,
    happened.VIDEO_PLAYED: Verb.PLAYED,
    happened.VIDEO_PAUSED: Verb.PAUSED,
    happened.VIDEO_STOPPED: Verb.TERMINATED,
    happened.VIDEO_COMPLETED: Verb.COMPLETED,
    happened.VIDEO_SEEKED: Verb.SEEKED,
    happened.VIDEO_SPEED: Verb.INTERACTED,
    happened.TRANSCRIPT_SHOWN: Verb.INTERACTED,
    happened.TRANSCRIPT_HIDDEN: Verb.INTERACTED,
    happened.CAPTIONS_SHOWN: Verb.INTERACTED,
    happened.CAPTIONS_HIDDEN: Verb.INTERACTED,
    happened.CAPTION_MENU_SHOWN: Verb.INTERACTED,
    happened.CAPTION_MENU_HIDDEN: Verb.INTERACTED,
    happened.THREAD_CREATED: Verb.POSTED,
    happened.THREAD_VIEWED: Verb.VIEWED,
    happened.THREAD_VOTED: Verb.VOTED,
    happened.THREAD_EDITED: Verb.EDITED,
    happened.THREAD_DELETED: Verb.DELETED,
    happened.THREAD_REPORTED: Verb.REPORTED,
    happened.THREAD_UNREPORTED: Verb.UNREPORTED,
    happened.RESPONSE_CREATED: Verb.POSTED,
    happened.RESPONSE_VOTED: Verb.VOTED,
    happened.RESPONSE_EDITED: Verb.EDITED,
    happened.RESPONSE_DELETED: Verb.DELETED,
    happened.RESPONSE_REPORTED: Verb.REPORTED,
    happened.RESPONSE_UNREPORTED: Verb.UNREPORTED,
    happened.COMMENT_CREATED: Verb.POSTED,
    happened.COMMENT_EDITED: Verb.EDITED,
    happened.COMMENT_DELETED: Verb.DELETED,
    happened.COMMENT_REPORTED: Verb.REPORTED,
    happened.COMMENT_UNREPORTED: Verb.UNREPORTED,
    **{
        event: Verb.INITIALIZED if what == "created" else Verb.TERMINATED
        for (_, what), event in happened.EXAM_EVENTS.items()
    },
}
"""The verb of each event of the tracking log."""

_EXAM_TYPES: Final = {
    "timed": Activity.TIMED_EXAM,
    "practice": Activity.PRACTICE_EXAM,
    "proctored": Activity.PROCTORED_EXAM,
}
_CAPTIONS_ON: Final = frozenset({happened.TRANSCRIPT_SHOWN, happened.CAPTIONS_SHOWN, happened.CAPTION_MENU_SHOWN})


@dataclass(frozen=True, slots=True)
class Written:
    """A statement as it is sent: its id as a 128-bit number, its time in microseconds, its JSON."""

    event_id: int
    time: int
    text: bytes


def timestamp(time: int) -> str:
    """A time as Open edX writes it: UTC, with microseconds."""
    seconds, micro = divmod(time, SECOND)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    return f"{_date(days)}T{hour:02d}:{minute:02d}:{second:02d}.{micro:06d}+00:00"


@lru_cache(maxsize=4096)
def _date(days: int) -> str:
    return day_of(days * DAY).isoformat()


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


@lru_cache(maxsize=4096)
def _namespace(verb: str, child: str = "") -> bytes:
    """The UUID namespace of a verb's statements; `child` is the input id of one question of several."""
    name = f'{{"id": "{verb}", "display": {{"en": "{display(verb)}"}}}}' + (f"-{child}" if child else "")
    return uuid5(NAMESPACE_DNS, name).bytes


def _identifier(namespace: bytes, name: str) -> tuple[int, str]:
    """A version 5 UUID as a number and as text. The library's class takes three times as long."""
    digest = sha1(namespace + name.encode(), usedforsecurity=False).hexdigest()
    text = (
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{'89ab'[int(digest[16], 16) & 3]}{digest[17:20]}-{digest[20:32]}"
    )
    return int(text.replace("-", ""), 16), text


_VERBS: Final = {
    verb: f'"verb":{{"id":"{verb}","display":{{"en":"{display(verb)}"}}}}' for verb in set(VERB_OF.values())
}
_CONTEXT: Final = f'"context":{{"extensions":{{"{Extension.TRANSFORMER}":"{TRANSFORMER}","{Extension.SESSION}":"'


class CourseText:
    """The parts of statements that a course's own facts decide."""

    def __init__(self, lms_url: str, course: Course) -> None:
        self.lms_url = lms_url
        self.course = course
        self.iri = f"{lms_url}/course/{course.key}"
        name = _json(course.name)
        self.graded = f'{{"id":"{self.iri}","objectType":"Activity","definition":{{"type":"{Activity.COURSE}","name":{{"en":{name}}}}}}}'  # fmt: skip  # noqa: E501
        self.as_parent = (
            f'{{"id":"{self.iri}","objectType":"Activity",'
            f'"definition":{{"name":{{"en-US":{name}}},"type":"{Activity.COURSE}"}}}}'
        )
        self.parent = f'"contextActivities":{{"parent":[{self.as_parent}]}}'
        self._enrolled: dict[str, str] = {}
        self._blocks: dict[tuple[str, str], str] = {}

    def with_mode(self, mode: str) -> str:
        """The course as the object of an enrollment; no mode for passed and failed."""
        if mode not in self._enrolled:
            extensions = _json({Extension.TYPE: mode} if mode else {})
            self._enrolled[mode] = (
                f'{{"id":"{self.iri}","objectType":"Activity","definition":{{"type":"{Activity.COURSE}",'
                f'"name":{{"en":{_json(self.course.name)}}},"extensions":{extensions}}}}}'
            )
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

    def jump_to(self, block: Block, activity: str, name: str = "") -> str:
        """A link into the course as an object."""
        label = f',"name":{{"en":{_json(name)}}}' if name else ""
        return (
            f'{{"id":"{self.lms_url}/courses/{self.course.key}/jump_to/{block.block_id}","objectType":"Activity",'
            f'"definition":{{"type":"{activity}"{label}}}}}'
        )


class Scribe:
    """Writes one learner's actions as statements."""

    def __init__(self, lms_url: str, actor: str, texts: Callable[[Course], CourseText]) -> None:
        self._name = f'{{"objectType": "Agent", "account": {{"name": "{actor}", "homePage": "{lms_url}"}}}}-'
        self._envelope = (
            f'"version":"{VERSION}","actor":{{"objectType":"Agent",'
            f'"account":{{"homePage":"{lms_url}","name":"{actor}"}}}},'
        )
        self._texts = texts

    def write(self, actions: Iterable[Action]) -> Iterator[Written]:
        """The statements of the actions, in their order."""
        for action in actions:
            text = self._texts(action.course)
            if action.event == happened.PROBLEM_CHECKED and len(action.detail.answers) > 1:  # type: ignore[union-attr]
                yield from self._questions(action, text)
                continue
            target, result, extra, activities = _WRITERS[action.event](action, text)
            yield self._statement(action, target, result, extra, activities)

    def _statement(
        self, action: Action, target: str, result: str, extra: str, activities: str, child: str = ""
    ) -> Written:
        verb = VERB_OF[action.event]
        moment = timestamp(action.time)
        number, identifier = _identifier(_namespace(verb, child), self._name + moment)
        text = (
            f'{{"id":"{identifier}",{result}{self._envelope}{_VERBS[verb]},"object":{target},'
            f'"timestamp":"{moment}",{_CONTEXT}{action.session}"{extra}}}{activities}}}}}'
        )
        return Written(number, action.time, text.encode())

    def _questions(self, action: Action, text: CourseText) -> Iterator[Written]:
        """A check of several questions: one statement for the problem, which alone has the score, and one a question."""
        problem, check = action.block, action.detail
        assert isinstance(problem, Problem) and isinstance(check, Check)
        attempt = _attempt(check)
        group = (
            f'{{"id":"{text.lms_url}/xblock/{problem.block_id}","objectType":"GroupActivity",'
            f'"definition":{{"type":"{Activity.INTERACTION}","interactionType":"other"{attempt}}}}}'
        )
        result = f'"result":{{{_points(check.earned, check.possible)},"success":{_true(check.earned == check.possible)}}},'
        parent = self._statement(action, group, result, "", f",{text.parent}")
        yield parent
        parent_id = f"{parent.event_id:032x}"
        reference = re.sub(r"(.{8})(.{4})(.{4})(.{4})(.{12})", r"\1-\2-\3-\4-\5", parent_id)
        activities = (
            f',"contextActivities":{{"parent":[{group}],"grouping":[{text.as_parent}]}},'
            f'"statement":{{"objectType":"StatementRef","id":"{reference}"}}'
        )
        for answer in check.answers:
            suffix = f"_{answer.question + 1}_1"
            child = problem.block_id.rsplit("@", 1)[1] + suffix
            target = text.block(problem, Activity.INTERACTION, suffix, _question(problem, answer) + attempt)
            yield self._statement(action, target, _answered(answer), "", activities, child)


Parts = tuple[str, str, str, str]
"""The object, the result with its comma, further context extensions, and the rest of the context."""


def _true(value: bool) -> str:
    return "true" if value else "false"


def _points(earned: float, possible: float) -> str:
    scaled = earned / possible if possible else 0
    return f'"score":{{"scaled":{scaled},"raw":{earned},"min":0,"max":{possible}}}'


def _attempt(check: Check) -> str:
    return f',"extensions":{{"{Extension.ATTEMPT_ID}":{check.attempt}}}' if check.attempt else ""


def _question(problem: Problem, answer: Answer) -> str:
    question = problem.questions[answer.question - 1]
    return f',"interactionType":"{question.interaction}","description":{{"en-US":{_json(question.prompt)}}}'


def _answered(answer: Answer) -> str:
    return f'"result":{{"response":{_json(answer.text)},"success":{_true(answer.right)}}},'


def _enrollment(action: Action, text: CourseText) -> Parts:
    return text.with_mode(str(action.detail)), "", "", ""


def _course_result(action: Action, text: CourseText) -> Parts:
    return text.with_mode(""), "", "", ""


def _course_grade(action: Action, text: CourseText) -> Parts:
    score = action.detail
    assert isinstance(score, Score)
    letter = "Pass" if score.passed else "Fail"
    extensions = f'"extensions":{{"{Extension.CLASSIFICATION}":"{letter}"}}'
    return text.graded, f'"result":{{{_points(score.earned, score.possible)},{extensions}}},', "", f",{text.parent}"


def _subsection_grade(action: Action, text: CourseText) -> Parts:
    return _scored(action, text, Activity.RESOURCE)


def _submitted(action: Action, text: CourseText) -> Parts:
    return _scored(action, text, Activity.QUESTION)


def _scored(action: Action, text: CourseText, activity: str) -> Parts:
    score, block = action.detail, action.block
    assert isinstance(score, Score) and block is not None
    result = f'"result":{{{_points(score.earned, score.possible)},"success":{_true(score.earned >= score.possible)}}},'
    return text.block(block, activity), result, "", f",{text.parent}"


def _checked(action: Action, text: CourseText) -> Parts:
    check, problem = action.detail, action.block
    assert isinstance(check, Check) and isinstance(problem, Problem)
    answer = check.answers[0]
    target = text.block(problem, Activity.INTERACTION, "", _question(problem, answer) + _attempt(check))
    points = _points(check.earned, check.possible)
    result = f'"result":{{"response":{_json(answer.text)},{points},"success":{_true(answer.right)}}},'
    return target, result, "", f",{text.parent}"


def _check_sent(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.block(action.block, Activity.INTERACTION, "", ',"interactionType":"other"'), "", "", f",{text.parent}"


def _problem_completed(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.block(action.block, Activity.INTERACTION), "", "", f",{text.parent}"


def _block_completed(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    result = f'"result":{{"completion":true,"extensions":{{"{Extension.PROGRESS}":100.0}}}},'
    return text.block(action.block, Activity.RESOURCE), result, "", f",{text.parent}"


def _answer_shown(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.block(action.block, Activity.SOLUTION, "/answer"), "", "", f",{text.parent}"


def _hint_shown(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.block(action.block, Activity.HINT, f"/hint/{action.detail}"), "", "", f",{text.parent}"


def _step(action: Action, text: CourseText) -> Parts:
    step = action.detail
    assert isinstance(step, Step) and action.block is not None
    target: object = step.target
    if action.event != happened.TAB:
        target = "next unit" if action.event == happened.NEXT else "previous unit"
    extra = f',"{Extension.STARTING_POSITION}":{step.start},"{Extension.ENDING_POINT}":{_json(target)}'
    more = f',"extensions":{{"{Extension.TOTAL_ITEMS}":{step.total}}}'
    return text.block(action.block, Activity.RESOURCE, "", more), "", extra, f",{text.parent}"


def _link(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.jump_to(action.block, Activity.LINK), "", "", f",{text.parent}"


def _outline(action: Action, text: CourseText) -> Parts:
    assert action.block is not None
    return text.jump_to(action.block, Activity.MODULE, action.block.name), "", "", f",{text.parent}"


def _video(action: Action, text: CourseText, result: str) -> Parts:
    assert isinstance(action.block, Video)
    extra = f',"{Extension.VIDEO_LENGTH}":{action.block.length}'
    return text.block(action.block, Activity.VIDEO), result, extra, f",{text.parent}"


def _video_loaded(action: Action, text: CourseText) -> Parts:
    return _video(action, text, "")


def _video_position(action: Action, text: CourseText) -> Parts:
    return _video(action, text, f'"result":{{"extensions":{{"{Extension.TIME}":{action.detail}}}}},')


def _video_completed(action: Action, text: CourseText) -> Parts:
    assert isinstance(action.block, Video)
    length = action.block.length
    minutes, seconds = divmod(length, 60)
    hours, minutes = divmod(int(minutes), 60)
    duration = f"PT{hours}H{minutes}M{seconds:.1f}S" if hours else f"PT{minutes}M{seconds:.1f}S"
    extensions = f'"extensions":{{"{Extension.TIME}":{length}}}'
    return _video(action, text, f'"result":{{{extensions},"completion":true,"duration":"{duration}"}},')


def _video_seeked(action: Action, text: CourseText) -> Parts:
    seek = action.detail
    assert isinstance(seek, Seek)
    return _video(
        action, text,
        f'"result":{{"extensions":{{"{Extension.TIME_FROM}":{seek.start},"{Extension.TIME_TO}":{seek.target}}}}},',
    )  # fmt: skip


def _video_speed(action: Action, text: CourseText) -> Parts:
    speeds = action.detail
    assert isinstance(speeds, Seek)
    return _video(
        action, text,
        f'"result":{{"extensions":{{"{Extension.SPEED_FROM}":"{speeds.start}x","{Extension.SPEED_TO}":"{speeds.target}x"}}}},',
    )  # fmt: skip


def _captions(action: Action, text: CourseText) -> Parts:
    on = _true(action.event in _CAPTIONS_ON)
    extensions = f'"extensions":{{"{Extension.TIME}":{action.detail},"{Extension.CAPTIONS}":{on}}}'
    return _video(action, text, f'"result":{{{extensions}}},')


def _forum(action: Action, text: CourseText) -> Parts:
    post = action.detail
    assert isinstance(post, Post)
    where = "comments" if post.thread else "threads"
    forum = f"{text.lms_url}/api/discussion/v1"
    name = f',"name":{{"en":{_json(post.title)}}}' if post.title else ""
    target = (
        f'{{"id":"{forum}/{where}/{post.identifier}","objectType":"Activity",'
        f'"definition":{{"type":"{Activity.DISCUSSION}"{name}}}}}'
    )
    extra = ""
    if action.event in (happened.THREAD_CREATED, happened.THREAD_VOTED, happened.RESPONSE_VOTED):
        extra = f',"{Extension.TYPE}":"{post.value}"'
    activities = f",{text.parent}"
    if post.thread and action.event in (happened.RESPONSE_CREATED, happened.COMMENT_CREATED):
        thread = (
            f'{{"id":"{forum}/threads/{post.thread}","objectType":"Activity",'
            f'"definition":{{"type":"{Activity.DISCUSSION}"}}}}'
        )
        activities = f',"contextActivities":{{"parent":[{text.as_parent}],"grouping":[{thread}]}}'
    return target, "", extra, activities


def _exam(action: Action, text: CourseText) -> Parts:
    attempt, block = action.detail, action.block
    assert isinstance(attempt, ExamAttempt) and block is not None
    kind = action.event.split(".")[2]
    name = _json(block.name)
    target = (
        f'{{"id":"{block.block_id}","objectType":"Activity","definition":{{"type":"{_EXAM_TYPES[kind]}",'
        f'"name":{{"en":{name}}},"extensions":{{"{Extension.TIME_LIMIT}":{block.time_limit}}}}}}}'  # type: ignore[attr-defined]
    )
    times: dict[str, object] = {Extension.ATTEMPT_STARTED: timestamp(attempt.started)}
    if attempt.completed:
        times[Extension.ATTEMPT_COMPLETED] = timestamp(attempt.completed)
        times[Extension.DURATION] = (attempt.completed - attempt.started) / SECOND
    times[Extension.ATTEMPT_ID] = attempt.number
    grouping = (
        f'{{"id":"{attempt.code}","objectType":"Activity","definition":{{"name":{{"en":{name}}},'
        f'"type":"{Activity.EXAM_ATTEMPT}","extensions":{_json(times)}}}}}'
    )
    return target, "", "", f',"contextActivities":{{"parent":[{text.as_parent}],"grouping":[{grouping}]}}'


_WRITERS: Final[dict[str, Callable[[Action, CourseText], Parts]]] = {
    happened.ENROLLED: _enrollment,
    happened.MODE_CHANGED: _enrollment,
    happened.UNENROLLED: _enrollment,
    happened.PASSED_FIRST: _course_result,
    happened.NOW_PASSED: _course_result,
    happened.NOW_FAILED: _course_result,
    happened.COURSE_GRADED: _course_grade,
    happened.SUBSECTION_GRADED: _subsection_grade,
    happened.PROBLEM_SUBMITTED: _submitted,
    happened.PROBLEM_CHECKED: _checked,
    happened.PROBLEM_CHECK_SENT: _check_sent,
    happened.PROBLEM_COMPLETED: _problem_completed,
    happened.BLOCK_COMPLETED: _block_completed,
    happened.ANSWER_SHOWN: _answer_shown,
    happened.HINT_SHOWN: _hint_shown,
    happened.LINK: _link,
    happened.OUTLINE: _outline,
    happened.SEQUENCE_OUTLINE: _outline,
    happened.VIDEO_LOADED: _video_loaded,
    happened.VIDEO_COMPLETED: _video_completed,
    happened.VIDEO_SEEKED: _video_seeked,
    happened.VIDEO_SPEED: _video_speed,
    **dict.fromkeys((happened.NEXT, happened.PREVIOUS, happened.TAB), _step),
    **dict.fromkeys((happened.VIDEO_PLAYED, happened.VIDEO_PAUSED, happened.VIDEO_STOPPED), _video_position),
    **dict.fromkeys(
        (
            happened.TRANSCRIPT_SHOWN,
            happened.TRANSCRIPT_HIDDEN,
            happened.CAPTIONS_SHOWN,
            happened.CAPTIONS_HIDDEN,
            happened.CAPTION_MENU_SHOWN,
            happened.CAPTION_MENU_HIDDEN,
        ),
        _captions,
    ),
    **{event: _forum for event in VERB_OF if event.startswith("edx.forum.")},
    **dict.fromkeys(happened.EXAM_EVENTS.values(), _exam),
}
