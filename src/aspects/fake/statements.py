"""Actions as xAPI statements, in the shape and with the ids that event-routing-backends gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final
from uuid import NAMESPACE_DNS, uuid5

from aspects.fake import action as happened
from aspects.fake.action import Action, Seek
from aspects.fake.course import DAY, SECOND, Course
from aspects.fake.statement_parts import CLOCK, PARTS_OF, CourseText, Parts, day_text, group_parts, question_parts
from aspects.xapi.vocabulary import VERSION, Extension, Verb, display

try:
    # A third of the time that OpenSSL's takes for a text this short.
    from _sha1 import sha1  # type: ignore[import-not-found, unused-ignore]  # CPython's own, without a stub
except ImportError:
    from hashlib import sha1

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


@lru_cache(maxsize=4096)
def _namespace(verb: str, child: str = "") -> bytes:
    """The UUID namespace of a verb's statements; `child` is the input id of one question of several."""
    name = f'{{"id": "{verb}", "display": {{"en": "{display(verb)}"}}}}' + (f"-{child}" if child else "")
    return uuid5(NAMESPACE_DNS, name).bytes


_VARIANT: Final = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
_VERB_TEXTS: Final = {
    event: f'"verb":{{"id":"{verb}","display":{{"en":"{display(verb)}"}}}}' for event, verb in VERB_OF.items()
}
"""For each event its verb as JSON."""
_CONTEXT: Final = f'"context":{{"extensions":{{"{Extension.TRANSFORMER}":"{TRANSFORMER}","{Extension.SESSION}":"'
_GAP: Final = "\0"
"""Stands in a template where the statement's own value goes. No statement has this character."""
_POSITIONS: Final = frozenset({happened.VIDEO_PLAYED, happened.VIDEO_PAUSED, happened.VIDEO_STOPPED})
_OWN: Final = frozenset(
    {*happened.FORUM_EVENTS, *happened.EXAM_EVENTS.values(), *happened.CAPTION_EVENTS}
    - {happened.THREAD_VIEWED, happened.THREAD_VOTED}
)
"""Events of which hardly two say the same: a template would be used once."""
_MILLIONS: Final = 1_000_000


class Scribe:
    """Writes one learner's actions as statements.

    Of a statement only the id, the time and the session are its own. The learner's part is written once a
    learner, and what a block and a verb decide once a course: `CourseText.tails` keeps it.
    """

    def __init__(self, lms_url: str, actor: str, texts: Callable[[Course], CourseText]) -> None:
        self._name = f'{{"objectType": "Agent", "account": {{"name": "{actor}", "homePage": "{lms_url}"}}}}-'.encode()
        self._person = (
            f'"version":"{VERSION}","actor":{{"objectType":"Agent",'
            f'"account":{{"homePage":"{lms_url}","name":"{actor}"}}}},{_CONTEXT}'
        )
        self._texts = texts
        self._hashes: dict[str, Any] = {}

    def _hash(self, verb: str, child: str = "") -> Any:
        """The SHA-1 of what is the same in the names of one verb's statements."""
        return sha1(_namespace(verb, child) + self._name)  # noqa: S324  # as version 5 UUIDs are made

    def write(self, actions: Iterable[Action]) -> tuple[bytes, list[int]]:
        """The statements of the actions, in their order, one a line, and their times.

        Each begins `{"id":"` and its id.
        """
        # Joined once: a text of its own for each statement would be copied twice more.
        written: list[str] = []
        times: list[int] = []
        hashes, person = self._hashes, self._person
        course_now = session_now = None
        tails: dict[Any, Any] = {}
        today, day_begins, tomorrow = "", 0, 0
        for time, event, course, block, detail, session in actions:
            if session is not session_now:
                session_now = session
                who = f'",{person}{session}"'
            if course is not course_now:
                course_now = course
                text = self._texts(course)
                tails = text.tails
            # What follows is timestamp() and _identifier(), written out: a generator spends its time in this loop.
            if not day_begins <= time < tomorrow:
                day_begins = time // DAY * DAY
                tomorrow = day_begins + DAY
                today = day_text(time // DAY)
            second, micro = divmod(time - day_begins, SECOND)
            moment = f"{today}{CLOCK[second]}{str(_MILLIONS + micro)[1:]}+00:00"
            known = hashes.get(event)
            if known is None:
                known = hashes[event] = self._hash(VERB_OF[event])
            name = known.copy()
            name.update(moment.encode())
            digits = name.hexdigest()
            times.append(time)
            head = (
                f'{{"id":"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-'
                f'{digits[20:32]}","timestamp":"{moment}'
            )
            if event in _POSITIONS:
                pair = tails.get((event, block))
                if pair is None:
                    pair = tails[event, block] = _tail(event, PARTS_OF[event](text, block, _GAP, event)).split(_GAP)
                written += (head, who, pair[0], str(detail), pair[1])
            elif event == happened.VIDEO_SEEKED:
                gaps = tails.get((event, block))
                if gaps is None:
                    parts = PARTS_OF[event](text, block, Seek(_GAP, _GAP), event)  # type: ignore[arg-type]  # gaps where the times go
                    gaps = tails[event, block] = _tail(event, parts).split(_GAP)
                written += (head, who, gaps[0], str(detail[0]), gaps[1], str(detail[1]), gaps[2])
            elif event in _OWN:
                written += (head, who, _tail(event, PARTS_OF[event](text, block, detail, event)))
            else:
                found = tails.get((event, block, detail))
                if found is None:
                    found = tails[event, block, detail] = self._render(event, text, block, detail)
                if type(found) is str:
                    written += (head, who, found)
                    continue
                written += (head, who, found[0])
                for child, before, after in found[1]:
                    times.append(time)
                    name = self._hash(VERB_OF[event], child)
                    name.update(moment.encode())
                    own = _identifier(name.hexdigest())
                    written += (f'{{"id":"{own}","timestamp":"{moment}', who, before, head[7:43], after)
        return "".join(written).encode(), times

    def _render(self, event: str, text: CourseText, block: Any, detail: Any) -> Any:
        """What follows the session in a statement of this event.

        For a check of several questions: the same of the whole, and of each question its input id and what
        stands before and after the whole's id.
        """
        if event != happened.PROBLEM_CHECKED or len(detail.answers) == 1:
            return _tail(event, PARTS_OF[event](text, block, detail, event))
        children = []
        for answer in detail.answers:
            child = f"{block.block_id.rsplit('@', 1)[1]}_{answer.question + 1}_1"
            before, after = _tail(event, question_parts(text, block, detail, answer, _GAP)).split(_GAP)
            children.append((child, before, after))
        return _tail(event, group_parts(text, block, detail)), tuple(children)


def _identifier(digits: str) -> str:
    """A version 5 UUID of a SHA-1's hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:32]}"


def _tail(event: str, parts: Parts) -> str:
    """A statement from behind the session's value to the end of its line."""
    return f'{parts.extensions}}}{parts.context}}},{_VERB_TEXTS[event]},"object":{parts.target}{parts.result}}}\n'
