"""Actions as lines of Open edX's tracking log: what the LMS would have written of them.

event-routing-backends makes of a line the statement that the generator writes of the same action. A line is
an envelope (who, when, from where) and an event; each family of events has a function here that makes its own.
The browser's events are JSON inside of JSON, as the LMS has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final, NamedTuple

import orjson

from aspects.fake import action as happened
from aspects.fake.action import Action, Answer, Check, ExamAttempt, Post, Score, Seek, Step
from aspects.fake.chance import number, uuid
from aspects.fake.course import SECOND, Block, Course, Problem, Scenario, Subsection, Video
from aspects.fake.people import Learner, profile
from aspects.fake.statement_parts import timestamp

_AGENTS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
)
_INPUT_TYPES: Final = {
    "choiceresponse": "checkboxgroup",
    "multiplechoiceresponse": "choicegroup",
    "optionresponse": "optioninput",
    "numericalresponse": "formulaequationinput",
    "stringresponse": "textline",
}


class Told(NamedTuple):
    """What an event says: its own fields, the path that the request went to, and more of the context."""

    event: dict[str, Any] | str
    path: str
    context: dict[str, Any] | None = None
    browser: bool = False


class LogWriter:
    """Writes one learner's actions as lines of the log."""

    def __init__(self, scenario: Scenario, learner: Learner) -> None:
        person = profile(scenario, learner)
        seed = number(scenario.key, "browser", learner.index)
        self._lms_url = scenario.lms_url
        self.user_id = learner.user_id
        self._who = {
            "username": person.username,
            # Addresses that are kept for examples (RFC 5737).
            "ip": f"203.0.113.{1 + seed % 254}",
            "agent": _AGENTS[seed % len(_AGENTS)],
            "host": scenario.lms_url.split("://", 1)[-1],
            "accept_language": f"{learner.region.language};q=1.0, en;q=0.5",
        }

    def write(self, actions: Iterable[Action]) -> list[tuple[int, bytes]]:
        """A line for each action, in their order, each with the action's time and without a line ending."""
        return [(action.time, orjson.dumps(self._line(action))) for action in actions]

    def _line(self, action: Action) -> dict[str, Any]:
        course = action.course
        told = TOLD[action.event](self, action)
        name = happened.PROBLEM_CHECKED if action.event == happened.PROBLEM_CHECK_SENT else action.event
        page = f"{self._lms_url}/courses/{course.key}/courseware/"
        return {
            "name": name,
            "event_type": name if told.browser or not told.path.startswith("/courses/") else told.path,
            "event_source": "browser" if told.browser else "server",
            "time": timestamp(action.time),
            **self._who,
            "session": action.session,
            "referer": _referer(self._lms_url, action),
            "page": page if told.browser else None,
            "context": {
                "user_id": self.user_id,
                "course_id": course.key,
                "org_id": course.org,
                "path": told.path,
                "course_user_tags": {},
                "enterprise_uuid": "",
                **(told.context or {}),
            },
            "event": told.event,
        }

    def course_event(self, action: Action, path: str, **fields: Any) -> Told:
        """An event of the server about a learner in a course."""
        return Told({"user_id": self.user_id, "course_id": action.course.key, **fields}, path)

    def link(self, course: Course, block: Block) -> str:
        """The address at which a block is shown."""
        return f"{self._lms_url}/courses/{course.key}/jump_to/{block.block_id}"

    def page(self, course: Course) -> str:
        """The address of a course's home page."""
        return f"{self._lms_url}/courses/{course.key}/course/"


def _referer(lms_url: str, action: Action) -> str:
    """The page that the learner was on. It names the block that is shown: the browser's own check has no other."""
    if isinstance(action.block, Problem):
        return f"{lms_url}/courses/{action.course.key}/courseware/?activate_block_id={_quoted(action.block.block_id)}"
    return f"{lms_url}/courses/{action.course.key}/courseware/"


def _quoted(block_id: str) -> str:
    return block_id.replace(":", "%3A").replace("+", "%2B").replace("@", "%40")


def _from_browser(event: dict[str, Any]) -> Told:
    return Told(orjson.dumps(event).decode(), "/event", browser=True)


def _hash(block: Block) -> str:
    """The last part of a block's id."""
    return block.block_id.rsplit("@", 1)[1]


def _handler(action: Action, name: str) -> str:
    return f"/courses/{action.course.key}/xblock/{action.block.block_id}/handler/xmodule_handler/{name}"


def _module(block: Block) -> dict[str, Any]:
    return {"module": {"display_name": block.name, "usage_key": block.block_id}}


def _enrollment(writer: LogWriter, action: Action) -> Told:
    return writer.course_event(action, "/api/enrollment/v1/enrollment", mode=action.detail)


def _course_result(writer: LogWriter, action: Action) -> Told:
    return writer.course_event(action, "/courses/grades", **_transaction(action))


def _transaction(action: Action) -> dict[str, str]:
    return {
        "event_transaction_id": uuid("transaction", action.session, action.time),
        "event_transaction_type": happened.PROBLEM_SUBMITTED,
    }


def _course_grade(writer: LogWriter, action: Action) -> Told:
    score: Score = action.detail
    return writer.course_event(
        action,
        "/courses/grades",
        percent_grade=score.earned,
        letter_grade="Pass" if score.passed else "",
        grading_policy_hash=_digest("policy", action.course.key),
        course_version=_digest("version", action.course.key),
        course_edited_timestamp=timestamp(action.course.published),
        **_transaction(action),
    )


@lru_cache(maxsize=4096)
def _digest(*path: str) -> str:
    return f"{number(*path):032x}"


def _subsection_grade(writer: LogWriter, action: Action) -> Told:
    score: Score = action.detail
    graded = action.block.graded
    return writer.course_event(
        action,
        "/courses/grades",
        block_id=action.block.block_id,
        weighted_total_earned=score.earned,
        weighted_total_possible=score.possible,
        weighted_graded_earned=score.earned if graded else 0,
        weighted_graded_possible=score.possible if graded else 0,
        visible_blocks_hash=_digest("blocks", action.block.block_id),
        course_version=_digest("version", action.course.key),
        subtree_edited_timestamp=timestamp(action.course.published),
        **_transaction(action),
    )


def _problem_submitted(writer: LogWriter, action: Action) -> Told:
    score: Score = action.detail
    return writer.course_event(
        action,
        _handler(action, "problem_check"),
        problem_id=action.block.block_id,
        weighted_earned=score.earned,
        weighted_possible=score.possible,
        **_transaction(action),
    )


def _checked(writer: LogWriter, action: Action) -> Told:
    """The server's problem_check: one line, however many questions it answers."""
    problem: Problem = action.block
    check: Check = action.detail
    inputs = {f"{_hash(problem)}_{answer.question + 1}_1": answer for answer in check.answers}
    event: dict[str, Any] = {
        "problem_id": problem.block_id,
        "grade": check.earned,
        "max_grade": check.possible,
        "success": "correct" if check.earned == check.possible else "incorrect",
        "answers": {place: answer.text for place, answer in inputs.items()},
        "correct_map": {place: _correctness(answer) for place, answer in inputs.items()},
        "submission": {place: _submission(problem, answer) for place, answer in inputs.items()},
        "state": {"seed": 1, "done": None, "student_answers": {}, "correct_map": {}, "input_state": {}},
    }
    if check.attempt:
        event["attempts"] = check.attempt
    return Told(event, _handler(action, "problem_check"), _module(problem))


def _correctness(answer: Answer) -> dict[str, Any]:
    return {
        "correctness": "correct" if answer.right else "incorrect",
        "npoints": None, "msg": "", "hint": "", "hintmode": None, "queuestate": None,
    }  # fmt: skip


def _submission(problem: Problem, answer: Answer) -> dict[str, Any]:
    question = problem.questions[answer.question - 1]
    return {
        "question": question.prompt,
        "answer": answer.text,
        "response_type": question.response_type,
        "input_type": _INPUT_TYPES.get(question.response_type, "textline"),
        "correct": answer.right,
        "variant": "",
        "group_label": "",
    }


def _check_sent(writer: LogWriter, action: Action) -> Told:
    """The browser's problem_check: the form as it is sent, which names its fields and not the problem."""
    problem: Problem = action.block
    fields = "&".join(f"input_{_hash(problem)}_{question.number + 1}_1=" for question in problem.questions)
    return Told(fields, "/event", browser=True)


def _problem_completed(writer: LogWriter, action: Action) -> Told:
    return Told({"problem_id": action.block.block_id}, _handler(action, "publish_completion"), _module(action.block))


def _block_completed(writer: LogWriter, action: Action) -> Told:
    return writer.course_event(
        action,
        f"/courses/{action.course.key}/xblock/{action.block.block_id}/handler/publish_completion",
        context_key=action.course.key,
        block_id=action.block.block_id,
        block_type=action.block.kind,
        completion=1.0,
    )


def _answer_shown(writer: LogWriter, action: Action) -> Told:
    return Told({"problem_id": action.block.block_id}, _handler(action, "problem_show"), _module(action.block))


def _hint_shown(writer: LogWriter, action: Action) -> Told:
    problem: Problem = action.block
    event = {"module_id": problem.block_id, "hint_index": action.detail, "hint_len": problem.hints, "hint_text": ""}
    return Told(event, _handler(action, "hint_button"), _module(problem))


def _step(writer: LogWriter, action: Action) -> Told:
    step: Step = action.detail
    event = {"id": action.block.block_id, "current_tab": step.start, "tab_count": step.total}
    if action.event == happened.TAB:
        event["target_tab"] = step.target
    return _from_browser(event | {"widget_placement": "top"})


def _link(writer: LogWriter, action: Action) -> Told:
    target = writer.link(action.course, action.block)
    return _from_browser({"current_url": writer.page(action.course), "target_url": target})


def _outline(writer: LogWriter, action: Action) -> Told:
    target = writer.link(action.course, action.block)
    return _from_browser({"target_name": action.block.name, "target_url": target, "widget_placement": "top"})


def _video(action: Action, **fields: Any) -> Told:
    video: Video = action.block
    return _from_browser({"id": _hash(video), "code": "html5", "duration": video.length, **fields})


def _video_loaded(writer: LogWriter, action: Action) -> Told:
    return _video(action)


def _video_position(writer: LogWriter, action: Action) -> Told:
    return _video(action, currentTime=action.detail)


def _captions(writer: LogWriter, action: Action) -> Told:
    return _video(action, current_time=action.detail)


def _video_seeked(writer: LogWriter, action: Action) -> Told:
    seek: Seek = action.detail
    return _video(action, old_time=seek.start, new_time=seek.target, type="onSlideSeek")


def _video_speed(writer: LogWriter, action: Action) -> Told:
    speeds: Seek = action.detail
    return _video(action, old_speed=str(speeds.start), new_speed=str(speeds.target))


def _forum(writer: LogWriter, action: Action) -> Told:
    post: Post = action.detail
    created = action.event.endswith(".created")
    path = f"/api/discussion/v1/{'comments' if post.thread else 'threads'}/"
    event: dict[str, Any] = {
        "id": post.identifier,
        "commentable_id": "course",
        "category_id": "course",
        "category_name": "General",
        "user_forums_roles": ["Student"],
        "user_course_roles": [],
    }
    if post.title:
        event["title"] = post.title
    if action.event.endswith(".voted"):
        event |= {"vote_value": post.value, "undo_vote": False}
    elif action.event == happened.THREAD_CREATED:
        event |= {"thread_type": post.value, "anonymous": False, "options": {"followed": False}}
    elif created:
        event["discussion"] = {"id": post.thread}
    return Told(event, path if created else f"{path}{post.identifier}/")


def _exam(writer: LogWriter, action: Action) -> Told:
    sequence: Subsection = action.block
    attempt: ExamAttempt = action.detail
    event: dict[str, Any] = {
        "exam_id": 1 + number("exam", sequence.block_id) % 100_000,
        "exam_content_id": sequence.block_id,
        "exam_name": sequence.name,
        "exam_default_time_limit_mins": sequence.time_limit,
        "exam_is_proctored": sequence.exam != "timed",
        "exam_is_practice_exam": sequence.exam == "practice",
        "exam_is_active": True,
        "attempt_id": attempt.number,
        "attempt_user_id": writer.user_id,
        "attempt_code": attempt.code,
        "attempt_allowed_time_limit_mins": sequence.time_limit,
        "attempt_started_at": timestamp(attempt.started),
        "attempt_completed_at": None,
        "attempt_status": "started",
        "attempt_event_elapsed_time_secs": None,
    }
    if attempt.completed:
        event |= {
            "attempt_completed_at": timestamp(attempt.completed),
            "attempt_status": "submitted",
            "attempt_event_elapsed_time_secs": (attempt.completed - attempt.started) / SECOND,
        }
    return Told(event, "/api/edx_proctoring/v1/proctored_exam/attempt")


TOLD: Final[dict[str, Callable[[LogWriter, Action], Told]]] = {
    happened.COURSE_GRADED: _course_grade,
    happened.SUBSECTION_GRADED: _subsection_grade,
    happened.PROBLEM_SUBMITTED: _problem_submitted,
    happened.PROBLEM_CHECKED: _checked,
    happened.PROBLEM_CHECK_SENT: _check_sent,
    happened.PROBLEM_COMPLETED: _problem_completed,
    happened.BLOCK_COMPLETED: _block_completed,
    happened.ANSWER_SHOWN: _answer_shown,
    happened.HINT_SHOWN: _hint_shown,
    happened.LINK: _link,
    happened.VIDEO_LOADED: _video_loaded,
    happened.VIDEO_COMPLETED: _video_loaded,
    happened.VIDEO_SEEKED: _video_seeked,
    happened.VIDEO_SPEED: _video_speed,
    **dict.fromkeys((happened.ENROLLED, happened.MODE_CHANGED, happened.UNENROLLED), _enrollment),
    **dict.fromkeys((happened.PASSED_FIRST, happened.NOW_PASSED, happened.NOW_FAILED), _course_result),
    **dict.fromkeys((happened.NEXT, happened.PREVIOUS, happened.TAB), _step),
    **dict.fromkeys((happened.OUTLINE, happened.SEQUENCE_OUTLINE), _outline),
    **dict.fromkeys((happened.VIDEO_PLAYED, happened.VIDEO_PAUSED, happened.VIDEO_STOPPED), _video_position),
    **dict.fromkeys(happened.CAPTION_EVENTS, _captions),
    **dict.fromkeys(happened.FORUM_EVENTS, _forum),
    **dict.fromkeys(happened.EXAM_EVENTS.values(), _exam),
}
"""For each event the function that makes its own part of the line, of the writer and the action."""
