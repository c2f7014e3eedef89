"""What learners do, in the words of Open edX's tracking log.

An action is what one event of the log says. From it both forms of the data follow: the xAPI statements
that event-routing-backends makes of it, and what it counts for in the ground truth.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from aspects.fake.course import Course

ENROLLED: Final = "edx.course.enrollment.activated"
MODE_CHANGED: Final = "edx.course.enrollment.mode_changed"
UNENROLLED: Final = "edx.course.enrollment.deactivated"
PASSED_FIRST: Final = "edx.course.grade.passed.first_time"
NOW_PASSED: Final = "edx.course.grade.now_passed"
NOW_FAILED: Final = "edx.course.grade.now_failed"
COURSE_GRADED: Final = "edx.grades.course.grade_calculated"
SUBSECTION_GRADED: Final = "edx.grades.subsection.grade_calculated"
PROBLEM_SUBMITTED: Final = "edx.grades.problem.submitted"
PROBLEM_CHECKED: Final = "problem_check"
PROBLEM_CHECK_SENT: Final = "problem_check (browser)"
"""The log has one name for both; the browser's own event is told apart here."""
PROBLEM_COMPLETED: Final = "edx.problem.completed"
BLOCK_COMPLETED: Final = "edx.completion.block_completion.changed"
ANSWER_SHOWN: Final = "showanswer"
HINT_SHOWN: Final = "edx.problem.hint.demandhint_displayed"
NEXT: Final = "edx.ui.lms.sequence.next_selected"
PREVIOUS: Final = "edx.ui.lms.sequence.previous_selected"
TAB: Final = "edx.ui.lms.sequence.tab_selected"
LINK: Final = "edx.ui.lms.link_clicked"
OUTLINE: Final = "edx.ui.lms.outline.selected"
SEQUENCE_OUTLINE: Final = "edx.ui.lms.sequence.outline.selected"
VIDEO_LOADED: Final = "load_video"
VIDEO_PLAYED: Final = "play_video"
VIDEO_PAUSED: Final = "pause_video"
VIDEO_STOPPED: Final = "stop_video"
VIDEO_COMPLETED: Final = "complete_video"
VIDEO_SEEKED: Final = "seek_video"
VIDEO_SPEED: Final = "speed_change_video"
TRANSCRIPT_SHOWN: Final = "show_transcript"
TRANSCRIPT_HIDDEN: Final = "hide_transcript"
CAPTIONS_SHOWN: Final = "edx.video.closed_captions.shown"
CAPTIONS_HIDDEN: Final = "edx.video.closed_captions.hidden"
CAPTION_MENU_SHOWN: Final = "video_show_cc_menu"
CAPTION_MENU_HIDDEN: Final = "video_hide_cc_menu"
THREAD_CREATED: Final = "edx.forum.thread.created"
THREAD_VIEWED: Final = "edx.forum.thread.viewed"
THREAD_VOTED: Final = "edx.forum.thread.voted"
THREAD_EDITED: Final = "edx.forum.thread.edited"
THREAD_DELETED: Final = "edx.forum.thread.deleted"
THREAD_REPORTED: Final = "edx.forum.thread.reported"
THREAD_UNREPORTED: Final = "edx.forum.thread.unreported"
RESPONSE_CREATED: Final = "edx.forum.response.created"
RESPONSE_VOTED: Final = "edx.forum.response.voted"
RESPONSE_EDITED: Final = "edx.forum.response.edited"
RESPONSE_DELETED: Final = "edx.forum.response.deleted"
RESPONSE_REPORTED: Final = "edx.forum.response.reported"
RESPONSE_UNREPORTED: Final = "edx.forum.response.unreported"
COMMENT_CREATED: Final = "edx.forum.comment.created"
COMMENT_EDITED: Final = "edx.forum.comment.edited"
COMMENT_DELETED: Final = "edx.forum.comment.deleted"
COMMENT_REPORTED: Final = "edx.forum.comment.reported"
COMMENT_UNREPORTED: Final = "edx.forum.comment.unreported"

EXAM_EVENTS: Final = {
    (kind, what): f"edx.special_exam.{kind}.attempt.{what}"
    for kind in ("timed", "practice", "proctored")
    for what in ("created", "submitted")
}


CAPTION_EVENTS: Final = (
    TRANSCRIPT_SHOWN,
    TRANSCRIPT_HIDDEN,
    CAPTIONS_SHOWN,
    CAPTIONS_HIDDEN,
    CAPTION_MENU_SHOWN,
    CAPTION_MENU_HIDDEN,
)
FORUM_EVENTS: Final = (
    THREAD_CREATED,
    THREAD_VIEWED,
    THREAD_VOTED,
    THREAD_EDITED,
    THREAD_DELETED,
    THREAD_REPORTED,
    THREAD_UNREPORTED,
    RESPONSE_CREATED,
    RESPONSE_VOTED,
    RESPONSE_EDITED,
    RESPONSE_DELETED,
    RESPONSE_REPORTED,
    RESPONSE_UNREPORTED,
    COMMENT_CREATED,
    COMMENT_EDITED,
    COMMENT_DELETED,
    COMMENT_REPORTED,
    COMMENT_UNREPORTED,
)


class Answer(NamedTuple):
    """The answer to one question: the question's number, the text, and whether it is right."""

    question: int
    text: str
    right: bool


class Check(NamedTuple):
    """A graded answer to a problem. `attempt` counts from 1; 0 stands for an attempt with no number."""

    attempt: int
    answers: tuple[Answer, ...]
    earned: int
    possible: int


class Score(NamedTuple):
    """Points: of a problem, of a subsection, or the course grade from 0 to 1 with `possible` 1."""

    earned: float
    possible: float
    passed: bool = False


class Step(NamedTuple):
    """A step through a sequence: positions count from 1, `total` is the number of its units."""

    start: int
    target: int
    total: int


class Seek(NamedTuple):
    """A jump in a video: positions in seconds, or speeds for a change of speed."""

    start: float
    target: float


class Post(NamedTuple):
    """A forum item. `thread` is the thread it belongs to, empty for a thread itself; `value` is a
    thread's type or a vote's direction, `title` a new thread's title."""

    identifier: str
    thread: str = ""
    value: str = ""
    title: str = ""


class ExamAttempt(NamedTuple):
    """An attempt at an exam: its code, its number, when it began and, once submitted, when it ended."""

    code: str
    number: int
    started: int
    completed: int = 0


class Action(NamedTuple):
    """One thing that a learner did: when (microseconds since 1970 UTC), what, where, and its facts.

    `block` is the block it concerns; None for what concerns the course. `detail` depends on the event: the
    mode of an enrollment (str), a Check, a Score, a Step, a Seek, a Post, an ExamAttempt, a position in a
    video (float), a hint's number (int), or None.
    """

    time: int
    event: str
    course: Course
    block: Any
    detail: Any
    session: str
