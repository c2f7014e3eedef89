"""Actions as xAPI statements, in the shape and with the ids that event-routing-backends gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from hashlib import sha1
from typing import Final, NamedTuple
from uuid import NAMESPACE_DNS, uuid5

from aspects.fake import action as happened
from aspects.fake.action import Action, Check
from aspects.fake.course import Course, Problem
from aspects.fake.statement_parts import PARTS_OF, CourseText, Parts, group_parts, question_parts, timestamp
from aspects.xapi.vocabulary import VERSION, Extension, Verb, display

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


class Written(NamedTuple):
    """A statement as it is sent: its id as a 128-bit number, its time in microseconds, its JSON."""

    event_id: int
    time: int
    text: bytes


@lru_cache(maxsize=4096)
def _namespace(verb: str, child: str = "") -> bytes:
    """The UUID namespace of a verb's statements; `child` is the input id of one question of several."""
    name = f'{{"id": "{verb}", "display": {{"en": "{display(verb)}"}}}}' + (f"-{child}" if child else "")
    return uuid5(NAMESPACE_DNS, name).bytes


_UUID_BITS: Final = ~(0xF << 76 | 0x3 << 62)
_VERSION_5: Final = 0x5 << 76 | 0x2 << 62


def _identifier(namespace: bytes, name: str) -> int:
    """A version 5 UUID as a number. The library's class takes three times as long."""
    digest = sha1(namespace + name.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:16], "big") & _UUID_BITS | _VERSION_5


def _uuid_text(number: int) -> str:
    digits = f"{number:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


_HEADS: Final = {
    event: (verb, _namespace(verb), f'"verb":{{"id":"{verb}","display":{{"en":"{display(verb)}"}}}}')
    for event, verb in VERB_OF.items()
}
"""For each event its verb, the namespace of the verb's statements, and the verb as JSON."""
_CONTEXT: Final = f'"context":{{"extensions":{{"{Extension.TRANSFORMER}":"{TRANSFORMER}","{Extension.SESSION}":"'


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
            if action.event == happened.PROBLEM_CHECKED and len(action.detail.answers) > 1:
                yield from self._questions(action, text, action.block, action.detail)
            else:
                yield self._statement(action, PARTS_OF[action.event](text, action.block, action.detail, action.event))

    def _questions(self, action: Action, text: CourseText, problem: Problem, check: Check) -> Iterator[Written]:
        """A check of several questions: one statement for all of them, and one a question."""
        whole = self._statement(action, group_parts(text, problem, check))
        yield whole
        group_id = _uuid_text(whole.event_id)
        for answer in check.answers:
            child = f"{problem.block_id.rsplit('@', 1)[1]}_{answer.question + 1}_1"
            yield self._statement(action, question_parts(text, problem, check, answer, group_id), child)

    def _statement(self, action: Action, parts: Parts, child: str = "") -> Written:
        verb, namespace, verb_text = _HEADS[action.event]
        if child:
            namespace = _namespace(verb, child)
        moment = timestamp(action.time)
        number = _identifier(namespace, self._name + moment)
        text = (
            f'{{"id":"{_uuid_text(number)}",{parts.result}{self._envelope}{verb_text},"object":{parts.target},'
            f'"timestamp":"{moment}",{_CONTEXT}{action.session}"{parts.extensions}}}{parts.context}}}}}'
        )
        return Written(number, action.time, text.encode())
